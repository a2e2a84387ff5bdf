"""Secrets in text: found by the form of known vendors and by where they stand, and taken out.

The second line of defence: collectors keep an allow-list of fields and take secrets out of the
commands that they read. What is found here was not expected: in a field its value is lost, and the
field counts as unread; in provenance and messages `[redacted]` stands in its place.

Rules are ordered and fixed, the same text gives the same answer everywhere. Each has literals, one
of which must be in the text (in lower case) before its pattern is tried: most texts cost a few
searches for substrings. Repetitions that could be tried from many places are bounded, so that a
hostile text costs time in proportion to its length. Entropy is not used: a digest, an id and a key
are equally random, and a verdict must not hang on a threshold. `docs/reference/redaction.md` lists
the rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MARK = "[redacted]"
_MIN_LENGTH = 6  # shorter texts hold no secret together with what it is known by
# A token stands alone: inside a longer run of such characters (base64) it is a coincidence.
_OPEN, _CLOSE = r"(?<![A-Za-z0-9_-])", r"(?![A-Za-z0-9+=_-])"
_VALUE = r"""(?P<secret>"[^"]+"|'[^']+'|[^\s"';|&),]+)"""
_REFERENCE = re.compile(
    # Names where the secret is, stands for one, or is a word of configuration.
    r"""["']?(?:[$`@/<*%]|\./|\{\{|\[redacted|env:|file:|fd:|arn:|hmac-sha256:|\(|x{3,}"""
    r"""|(?:yes|no|true|false|on|off|none|null|nil|required|optional|sufficient|requisite|include"""
    r"""|enabled|disabled|prohibit-password|\d{1,5}|\d+[smhdw]|stdin|ALL)["']?$)""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of secret.

    Args:
        triggers: In lower case; one of them is in every text that the pattern fits.
        pattern: Its group `secret` is what is taken out.
        checked: What only refers to a secret (`$VAR`, a path) is left alone.
    """

    kind: str
    triggers: tuple[str, ...]
    pattern: re.Pattern[str]
    checked: bool = False


def _token(kind: str, triggers: str, body: str) -> Rule:
    pattern = re.compile(f"{_OPEN}(?P<secret>{body}){_CLOSE}", re.ASCII)
    return Rule(kind, tuple(triggers.split()), pattern)


def _context(kind: str, triggers: str, pattern: str) -> Rule:
    found = re.compile(pattern, re.IGNORECASE | re.ASCII)
    return Rule(kind, tuple(triggers.split()), found, checked=True)


_NAME = (
    r"(?:pass(?:word|wd|phrase|code)|pwd|secret|secret[_-]?access[_-]?key|client[_-]?secret"
    r"|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|encryption[_-]?key"
    r"|auth[_-]?token|access[_-]?token|refresh[_-]?token|session[_-]?token|token|credentials?)"
)
_NAMES = "pass pwd secret key token credential"

RULES: tuple[Rule, ...] = (
    Rule(
        "private_key",
        ("private key",),
        re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?P<secret>.+)", re.DOTALL),
    ),
    Rule("putty_key", ("putty-user-key",), re.compile(r"Private-Lines:(?P<secret>.+)", re.DOTALL)),
    _token("age_key", "age-secret-key-", r"AGE-SECRET-KEY-1[A-Z0-9]{50,}"),
    _token("aws_access_key", "akia asia", r"(?:AKIA|ASIA)[0-9A-Z]{16}"),
    _token("github_token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{30,}"),
    _token("github_token", "github_pat_", r"github_pat_[A-Za-z0-9_]{22,}"),
    _token("gitlab_token", "glpat- gldt- glrt-", r"gl(?:pat|dt|rt)-[A-Za-z0-9_-]{20,}"),
    _token("slack_token", "xox xapp-", r"(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,}"),
    Rule(
        "webhook",
        ("hooks.slack.com/", "discord.com/api/webhooks/", "webhook.office.com/"),
        re.compile(
            r"(?:hooks\.slack\.com/(?:services|workflows)|discord\.com/api/webhooks"
            r"|webhook\.office\.com/webhookb2)/(?P<secret>[^\s\"']{16,})",
            re.IGNORECASE,
        ),
    ),
    _token("google_api_key", "aiza", r"AIza[0-9A-Za-z_-]{35}"),
    _token("google_oauth", "ya29. gocspx-", r"(?:ya29\.[0-9A-Za-z_-]{20,}|GOCSPX-[\w-]{20,})"),
    _token("stripe_key", "sk_ rk_ whsec_", r"(?:[sr]k_(?:live|test)_|whsec_)[0-9A-Za-z]{16,}"),
    _token("package_token", "npm_ pypi-", r"(?:npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,})"),
    _token("sendgrid_key", "sg.", r"SG\.[\w-]{16,}\.[\w-]{16,}"),
    _token("ai_key", "sk-", r"sk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{32,}"),
    _token("vault_token", "hvs. hvb. hvr.", r"hv[sbr]\.[A-Za-z0-9_-]{24,}"),
    _token("digitalocean_token", "_v1_", r"do[opr]_v1_[a-f0-9]{64}"),
    _token("hosting_token", "shpat_ dapi", r"(?:shpat_[a-f0-9]{32}|dapi[a-f0-9]{32})"),
    _token("jwt", "eyj", r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"),
    Rule(
        "password_hash",
        ("$1$", "$2", "$5$", "$6$", "$y$", "$7$", "$gy$", "$argon2", "$pbkdf2", "{ssha}"),
        re.compile(
            r"(?P<secret>\$(?:1|2[abxy]?|5|6|7|y|gy|argon2(?:id|i|d)|pbkdf2-\w+)\$[^\s:\"']{12,}"
            r"|\{SSHA\}[A-Za-z0-9+/=]{20,})"
        ),
    ),
    _context(
        "url_password", "://", r"\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@'\"]*:(?P<secret>[^\s/'\"]+)@"
    ),
    _context("url_password", "://", r"\bhttps?://(?P<secret>[^\s/:@'\"?#]+)@"),
    _context(
        "url_signature",
        "sig x-amz- x-goog- token key password secret code",
        r"[?&](?:sig|signature|x-(?:amz|goog)-(?:signature|credential|security-token)|awsaccesskeyid"
        r"|[\w-]*token|[\w-]*key|password|secret|code)=(?P<secret>[^&\s#\"']+)",
    ),
    _context(
        "http_header",
        "bearer basic authorization",
        r"\b(?:bearer|basic|authorization:(?:\s*\w+)?)\s+(?P<secret>[A-Za-z0-9._~+/=-]{8,})",
    ),
    _context(
        "password_option",
        "pass secret token key",
        r"(?<!\S)--?(?:[a-z-]*(?:password|passwd|passphrase|secret|token|api-?key)|pass)"
        r"(?:=|\s+)(?!-|pass:)" + _VALUE,
    ),
    _context(
        "mysql_password",
        "mysql mariadb",
        r"\b(?:mysql|mysqldump|mysqladmin|mysqlcheck|mariadb(?:-\w+)?)\b[^|;&]{0,500}?\s-p"
        + _VALUE,
    ),
    _context("sshpass", "sshpass", r"\bsshpass\s+-p\s*" + _VALUE),
    _context("redis_password", "redis-cli", r"\bredis-cli\b[^|;&]{0,500}?\s-a\s+" + _VALUE),
    _context(
        "http_password",
        "curl wget",
        r"\b(?:curl|wget)\b[^|;&]{0,500}?\s(?:-u|--user)[\s=]+[\"']?[^\s:\"'$]+:(?P<secret>[^\s\"']+)",
    ),
    _context("openssl_password", "pass:", r"\bpass:(?P<secret>[^\s\"']+)"),
    # A name that ends in such a word, then `=`; or `:` as YAML and JSON write it, so that the
    # `secret:` inside of an ARN is none.
    _context(
        "assignment",
        _NAMES,
        r"(?<!no)(?<!/)" + _NAME + r"(?:\s*=\s*|[\"']\s*:\s*|:\s+)" + _VALUE,
    ),
)
_TRIGGERS = tuple({trigger for rule in RULES for trigger in rule.triggers})
_SECRET_NAME = re.compile(f"{_NAME}$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """A text without secrets: how many there were, and of which kinds (sorted)."""

    text: str
    count: int = 0
    kinds: tuple[str, ...] = ()


def scrub(text: str) -> Scrubbed:
    """The text with each secret replaced by `[redacted]`."""
    if len(text) < _MIN_LENGTH:
        return Scrubbed(text)
    lowered = text.lower()
    kinds: set[str] = set()
    count = 0
    for rule in RULES:
        for trigger in rule.triggers:
            if trigger in lowered:
                text, found = _take_out(text, rule)
                if found:
                    kinds.add(rule.kind)
                    count += found
                break
    return Scrubbed(text, count, tuple(sorted(kinds)))


def may_hold_secret(lowered: str) -> bool:
    """False when `scrub` of any part of a text would change nothing.

    Args:
        lowered: The text, or many of them one after the other, in lower case.
    """
    return any(trigger in lowered for trigger in _TRIGGERS)


def names_secret(name: str) -> bool:
    """True for a key such as `db-password`, whose value is a secret whatever it looks like."""
    return _SECRET_NAME.search(name) is not None


def is_reference(value: str) -> bool:
    """True when a value only refers to a secret, or is a word like `true`."""
    return not value or _REFERENCE.match(value) is not None


def _take_out(text: str, rule: Rule) -> tuple[str, int]:
    pieces = []
    end = 0
    for match in rule.pattern.finditer(text):
        secret = match["secret"]
        if MARK in secret or (rule.checked and is_reference(secret)):
            continue
        pieces += [text[end : match.start("secret")], MARK]
        end = match.end("secret")
    return "".join([*pieces, text[end:]]), len(pieces) // 2
