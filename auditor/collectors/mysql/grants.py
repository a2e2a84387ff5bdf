"""The SQL of an account that may read what is asked for, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.collectors.mysql.queries import load_types
from auditor.collectors.sql.grants import needed_grants, statements

ACCOUNT = "'auditor'@'%'"
TABLE = "`DATABASE`.`TABLE`"
_FORMS = {"sql": "mariadb", "sql-mysql8": "mysql"}
_HEAD = """\
-- {title}: the auditor's account. Put a password and the scanner's host in place.
CREATE USER {account} IDENTIFIED BY 'PASSWORD' REQUIRE SSL;
"""
_TITLES = {"mariadb": "MariaDB 10.5 and later", "mysql": "MySQL 8.0 and later"}


def grant_documents(resource_types: Iterable[str]) -> Mapping[str, str]:
    """Name of a form to its SQL: `sql` for MariaDB, `sql-mysql8` for MySQL.

    Grants on a table are comments with a placeholder, for each table of the setting `audit_tables`.
    """
    wanted = list(resource_types)
    return {form: _document(flavour, wanted) for form, flavour in _FORMS.items()}


def _document(flavour: str, resource_types: Iterable[str]) -> str:
    lines = [_HEAD.format(title=_TITLES[flavour], account=ACCOUNT)]
    seen: set[str] = set()
    for grant in needed_grants(load_types(flavour), resource_types).values():
        sql = [line for line in statements(grant, ACCOUNT) if line not in seen]
        seen.update(sql)
        if sql:
            per = ", for each table of audit_tables" if grant.per == "table" else ""
            lines.append(f"-- to {grant.title}{per}\n")
            mark = "-- " if per else ""  # a client would stop at a table that there is not
            lines += [f"{mark}{line.replace('{table}', TABLE)};\n" for line in sql]
    return "".join(lines)
