"""Systems with secrets in all the places where people put them: a host, an AWS account, TLS."""

from __future__ import annotations

import base64
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import AuthorityInformationAccessOID

from tests.services.aws.seed import client
from tests.services.redaction.planted import Planted
from tests.services.tls.servers import Authority, server_context, tls_server


def plant_host(root: Path, planted: Planted) -> dict[str, object]:
    """A tree of files; gives the settings of its target."""
    p = planted
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    files = {
        "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/sh\n",
        "/etc/group": "root:x:0:\nsudo:x:27:alice\nalice:x:1000:\n",
        "/etc/shadow": f"root:!:19800:0:99999:7:::\nalice:$6$salt${p['shadow_hash']}:19800::::::\n",
        "/etc/hostname": "planted\n",
        "/etc/cron.d/dump": f"@daily root PGPASSWORD={p['cron_environment']} /opt/backup\n",
        "/etc/cron.d/ping": "@daily root "
        f'curl -H "Authorization: Bearer {p["cron_bearer"]}" x.org\n',
        "/etc/crontab": f"API_TOKEN={p['crontab_variable']}\n0 2 * * * root /opt/backup\n",
        "/var/spool/cron/crontabs/alice": f"1 2 * * * mysqldump -u root -p{p['crontab_mysql']} x\n",
        "/opt/backup": "#!/bin/sh\n"
        f"export AWS_SECRET_ACCESS_KEY={p['script_aws_secret']}\ntar c /\n",
        "/etc/sudoers": f"# the old password was {p['sudoers_comment']}\n"
        f"alice ALL=(ALL) NOPASSWD: /opt/backup --password={p['sudoers_argument']}\n",
        "/etc/ssh/sshd_config": f"# root: {p['sshd_comment']}\nPermitRootLogin no\n",
        "/srv/app/.env": f"DB_PASSWORD={p['env_file']}\n",
        "/srv/app/backup.yaml": f"repository: s3\npassword: {p['backup_config']}\n",
        "/home/alice/.ssh/authorized_keys": (
            f'environment="TOKEN={p["authorized_key_option"]}" {public.decode()} '
            f"{p['key_comment']}\n"
        ),
        "/etc/systemd/system/push.timer": "[Timer]\nOnCalendar=daily\n",
        "/etc/systemd/system/push.service": "[Service]\n"
        f"Environment=PUSH_TOKEN={p['timer_environment']}\n"
        f"ExecStart=/opt/backup --token {p['timer_option']}\n",
        "/etc/logrotate.conf": "/var/log/app.log {\n  daily\n  rotate 7\n  postrotate\n"
        f"    curl https://hooks.slack.com/services/{p['logrotate_webhook']}\n  endscript\n}}\n",
        "/var/log/app.log": "started\n",
        "/etc/systemd/journal-upload.conf": (
            f"[Upload]\nURL=https://push:{p['journal_upload_url']}@logs.example.org\n"
        ),
        "/etc/ssl/private/web.key": "-----BEGIN PRIVATE KEY-----\n"
        f"{p['private_key_file']}\n-----END PRIVATE KEY-----\n",
        "/etc/chrony/chrony.keys": f"1 SHA256 HEX:{p['chrony_key']}\n",
        "/etc/chrony/chrony.conf": "server ntp.example.org key 1\n"
        "keyfile /etc/chrony/chrony.keys\n",
        "/etc/audit/rules.d/a.rules": f"# {p['audit_rule_comment']}\n-w /etc/passwd -p wa -k who\n",
    }
    for name, text in files.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (root / "opt/backup").chmod(0o755)
    _archive(root / "srv/backups/app-20260301.tar.gz", f"S3_KEY={p['archived_env_file']}\n")
    return {
        "root": str(root),
        "files": [{"path": "/srv/app/.env", "digest": True}, {"path": "/etc/ssl/private/web.key"}],
        "scripts": ["/opt/backup"],
        "backup_sets": [
            {"name": "app", "path": "/srv/backups", "pattern": r"app-(?P<slot>\d{8})\.tar\.gz"}
        ],
    }


def _archive(path: Path, env: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("app/.env")
        member.size = len(env)
        archive.addfile(member, io.BytesIO(env.encode()))


def plant_aws(url: str, planted: Planted) -> None:
    """Fill an account."""
    p = planted
    client(url, "secretsmanager").create_secret(Name="db", SecretString=p["secrets_manager"])
    client(url, "ssm").put_parameter(
        Name="/db/password", Value=p["parameter_store"], Type="SecureString"
    )
    iam = client(url, "iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    tags = [
        {"Key": "mail", "Value": p["user_tag_mail"]},
        {"Key": "api-key", "Value": p["user_tag_key"]},
    ]
    iam.create_user(UserName="alice", Tags=tags)
    iam.create_login_profile(UserName="alice", Password=p["login_password"])
    made = iam.create_access_key(UserName="alice")["AccessKey"]
    p.note("access_key", made["SecretAccessKey"])
    client(url, "lambda").create_function(
        FunctionName="app",
        Runtime="python3.11",
        Role=role,
        Handler="app.main",
        Code={"ZipFile": _code()},
        Environment={"Variables": {"DB_PASSWORD": p["lambda_environment"]}},
    )
    ec2 = client(url, "ec2")
    ec2.create_launch_template(
        LaunchTemplateName="app",
        LaunchTemplateData={"UserData": base64.b64encode(p["user_data"].encode()).decode()},
    )
    ec2.create_volume(
        AvailabilityZone="eu-west-1a",
        Size=8,
        TagSpecifications=[
            {
                "ResourceType": "volume",
                "Tags": [{"Key": "note", "Value": f"clone with {p['volume_tag_token']}"}],
            }
        ],
    )
    client(url, "kms").create_key(Description=f"bot {p['key_description']} signs with it")
    client(url, "rds").create_db_instance(
        DBInstanceIdentifier="db",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="app",
        MasterUserPassword=p["database_password"],
    )
    _bucket(url, p)


def _bucket(url: str, p: Planted) -> None:
    s3 = client(url, "s3")
    place = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="planted-bucket", CreateBucketConfiguration=place)
    tags = [{"Key": "db-password", "Value": p["bucket_tag"]}]
    s3.put_bucket_tagging(Bucket="planted-bucket", Tagging={"TagSet": tags})
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::planted-bucket/*",
        "Condition": {"StringEquals": {"aws:Referer": p["policy_referer"]}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket="planted-bucket", Policy=json.dumps(policy))


def _code() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("app.py", "def main(event, context): pass\n")
    return data.getvalue()


@contextmanager
def tls_endpoint(folder: Path, planted: Planted) -> Iterator[dict[str, object]]:
    """A server whose certificate names places with passwords; gives the settings of its target."""
    with Authority.create(folder) as authority:
        at = authority.url.removeprefix("http://")
        ocsp = x509.UniformResourceIdentifier(f"http://x:{planted['ocsp_url']}@{at}/ocsp")
        crl = x509.UniformResourceIdentifier(f"http://x:{planted['crl_url']}@{at}/crl")
        identity = authority.issue(
            extensions=[
                x509.AuthorityInformationAccess(
                    [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, ocsp)]
                ),
                x509.CRLDistributionPoints([x509.DistributionPoint([crl], None, None, None)]),
            ]
        )
        # The first line of the key that lies beside the certificate.
        planted.note("tls_private_key", identity.write(folder).read_text("utf-8").split("\n")[1])
        with tls_server(server_context(identity, folder)) as port:
            yield {"endpoints": [f"127.0.0.1:{port}"], "ca_file": str(authority.ca_file)}
