"""The server's configuration: one row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from auditor.collectors.mysql.desk import Desk, Draft, Variables, seconds
from auditor.collectors.mysql.releases import Release, Series, at_midnight, load_releases
from auditor.collectors.sql.failures import QueryFailedError, failed
from auditor.collectors.sql.reading import Reading
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause
from auditor.core.times import format_instant

Readings = Mapping[str, Callable[[], object]]
_CHECKERS = frozenset({"PASSWORD VALIDATION", "VALIDATE PASSWORD"})
_KEYS = frozenset({"ENCRYPTION", "KEYRING"})
_LENGTHS = (
    "simple_password_check_minimal_length",
    "validate_password.length",
    "validate_password_length",
)


def read_server(desk: Desk) -> Reading:
    """Variables, plugins, and what is known of the release."""
    variables = desk.variables()
    release = desk.session.release
    row = Draft({"endpoint": desk.settings.endpoint, "flavour": release.flavour})
    row.take(_identity(variables, release)).take(_tls(variables)).take(_files(variables))
    row.take(_logging(variables, desk)).take(_encryption(variables, desk))
    _add_release(row, release)
    _add_plugins(row, variables, desk)
    number = variables.number("server_id")
    uid = "server_uid" if desk.is_mariadb else "server_uuid"
    return Reading(
        [row.resource(variables.text(uid) if variables.has(uid) else "")], {"server_id": number}
    )


def _identity(v: Variables, release: Release) -> Readings:
    return {
        "host": partial(v.text, "hostname"),
        "version": partial(v.text, "version"),
        "release": lambda: release.text,
        "series": lambda: release.series,
        "comment": partial(v.text, "version_comment"),
        "read_only": lambda: v.flag("read_only"),
        "wait_timeout": lambda: seconds(v.number("wait_timeout")),
        "interactive_timeout": lambda: seconds(v.number("interactive_timeout")),
        "password_lifetime_days": partial(v.number, "default_password_lifetime"),
        "default_auth_plugin": lambda: (
            v.text("default_authentication_plugin")
            if v.has("default_authentication_plugin")
            else None
        ),
    }


def _tls(v: Variables) -> Readings:
    return {
        # MySQL 8.4 has no have_ssl any more: there, no versions means no TLS.
        "tls_available": lambda: (
            v.text("have_ssl").upper() == "YES"
            if v.has("have_ssl")
            else bool(v.words("tls_version"))
        ),
        "tls_required": partial(v.flag, "require_secure_transport"),
        "tls_versions": partial(v.words, "tls_version"),
    }


def _files(v: Variables) -> Readings:
    return {
        "local_infile": partial(v.flag, "local_infile"),
        "secure_file_priv": lambda: _unless_null(v.text("secure_file_priv")),
        "skip_grant_tables": lambda: (
            v.flag("skip_grant_tables") if v.has("skip_grant_tables") else None
        ),
    }


def _unless_null(text: str) -> str | None:
    return None if text in {"NULL", "None"} else text


def _logging(v: Variables, desk: Desk) -> Readings:
    return {
        "general_log": partial(v.flag, "general_log"),
        "slow_query_log": partial(v.flag, "slow_query_log"),
        "long_query_time": lambda: format(v.decimal("long_query_time"), "f"),
        "slow_query_sampling": lambda: v.number("log_slow_rate_limit") if desk.is_mariadb else None,
        "log_output": partial(v.words, "log_output"),
    }


def _encryption(v: Variables, desk: Desk) -> Readings:
    if desk.is_mariadb:
        return {
            "new_tables_encrypted": partial(v.flag, "innodb_encrypt_tables"),
            "redo_log_encrypted": partial(v.flag, "innodb_encrypt_log"),
            "undo_log_encrypted": lambda: None,
            "temporary_files_encrypted": lambda: (
                v.flag("encrypt_tmp_files") and v.flag("innodb_encrypt_temporary_tables")
            ),
        }
    return {
        "new_tables_encrypted": partial(v.flag, "default_table_encryption"),
        "redo_log_encrypted": partial(v.flag, "innodb_redo_log_encrypt"),
        "undo_log_encrypted": partial(v.flag, "innodb_undo_log_encrypt"),
        "temporary_files_encrypted": lambda: None,
    }


def _add_release(row: Draft, release: Release) -> None:
    table = load_releases()
    row.data["releases_as_of"] = format_instant(at_midnight(table.as_of))
    series = table.series(release)
    unknown = f"the table of releases of {table.as_of} does not know {release.flavour}"
    if series is None:
        names = ["end_of_life", "newest_release", "newest_release_at", "behind"]
        row.miss(names, Gap(Cause.NOT_SUPPORTED, f"{unknown} {release.series}", hint=_LOOK_UP))
        return
    row.data["end_of_life"] = format_instant(at_midnight(series.end_of_life))
    _add_newest(row, release, series, f"{unknown} {release.series}'s newest release")


_LOOK_UP = "look it up at the vendor's, and take a newer version of this program"


def _add_newest(row: Draft, release: Release, series: Series, unknown: str) -> None:
    if series.newest is None or series.released is None:
        names = ["newest_release", "newest_release_at", "behind"]
        row.miss(names, Gap(Cause.NOT_SUPPORTED, unknown, hint=_LOOK_UP))
        return
    row.data["newest_release"] = series.newest
    row.data["newest_release_at"] = format_instant(at_midnight(series.released))
    row.data["behind"] = release.numbers < tuple(int(part) for part in series.newest.split("."))


def _add_plugins(row: Draft, v: Variables, desk: Desk) -> None:
    try:
        found = [tuple(map(str, line[:3])) for line in desk.ask("plugins").rows]
        components = [] if desk.is_mariadb else desk.ask("components").rows
    except QueryFailedError as error:
        names = ["password_checks", "key_plugins", "password_min_length", "password_policy"]
        row.miss(names, error.gap)
        return
    urns = [str(line[0]).removeprefix("file://") for line in components]
    active = [(name, kind) for name, status, kind in found if status == "ACTIVE"]
    checks = [name for name, kind in active if kind in _CHECKERS]
    checks += [urn for urn in urns if urn.startswith("component_validate_password")]
    keys = [name for name, kind in active if kind in _KEYS]
    keys += [urn for urn in urns if urn.startswith("component_keyring")]
    row.data |= {"password_checks": sorted(checks), "key_plugins": sorted(keys)}
    row.take(
        {
            "password_min_length": lambda: _length(v) if checks else None,
            "password_policy": lambda: _policy(v),
        }
    )


def _length(v: Variables) -> int:
    for name in _LENGTHS:
        if v.has(name):
            return v.number(name)
    raise failed(Cause.NOT_SUPPORTED, "no variable says how long passwords must be")


def _policy(v: Variables) -> str | None:
    for name in ("validate_password.policy", "validate_password_policy"):
        if v.has(name):
            return v.text(name)
    return None
