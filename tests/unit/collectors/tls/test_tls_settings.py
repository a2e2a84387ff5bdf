from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import ValidationError

from auditor.collectors.tls.ct import load_export
from auditor.collectors.tls.failure import ProbeError
from auditor.collectors.tls.settings import TlsSettings, inventory_endpoint, split_endpoint
from auditor.collectors.tls.trust import SystemStore, Trust
from tests.services.tls.servers import build, rsa_key


def test_defaults_of_the_target_fill_in_what_an_endpoint_leaves_out() -> None:
    settings = TlsSettings.model_validate(
        {
            "endpoints": [
                "Shop.Example.org.:443",
                {"endpoint": "10.0.0.1:5432", "starttls": "mysql"},
                {"endpoint": "[2001:DB8::1]:443", "server_name": "six.example.org"},
            ],
            "starttls": "postgres",
            "fingerprints": ["AA:" * 31 + "AA"],
            "connect_timeout": "3s",
        }
    )
    shop, address, six = settings.resolved()
    assert (shop.endpoint, shop.server_name, shop.starttls) == (
        "shop.example.org:443",
        "shop.example.org",
        "postgres",
    )
    assert (address.server_name, address.starttls, address.host) == (None, "mysql", "10.0.0.1")
    assert (six.endpoint, six.server_name, six.port) == (
        "[2001:db8::1]:443",
        "six.example.org",
        443,
    )
    assert shop.fingerprints == ("aa" * 32,)
    assert settings.connect_timeout == timedelta(seconds=3)


@pytest.mark.parametrize(
    "endpoint",
    [
        *("shop.example.org", "shop:0", "shop:65536", "shop:x", ":443", "a b:443", 443),
        *("grün.example:443", "2001:db8::1:443", "[nonsense]:443", "-a.example:443"),
        f"{'a' * 64}.example:443",
    ],
)
def test_an_endpoint_of_another_form_is_refused(endpoint: object) -> None:
    with pytest.raises(ValidationError):
        TlsSettings.model_validate({"endpoints": [endpoint]})


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoints": []},
        {"endpoints": ["a:1", "A:1"]},
        {"endpoints": ["a:1"], "starttls": "ftp"},
        {"endpoints": ["a:1"], "fingerprints": ["aa"]},
        {"endpoints": ["a:1"], "fingerprints": [7]},
        {"endpoints": ["a:1"], "server_name": "a b"},
        {"endpoints": ["a:1"], "server_name": 7},
        {"endpoints": ["a:1"], "cafile": "x"},
        {"endpoints": ["a:1"], "elsewhere": ["b"]},
        {"endpoints": [{"endpoint": "a:1", "port": 2}]},
    ],
)
def test_unknown_or_contradicting_settings_are_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        TlsSettings.model_validate(wrong)


_WRONG_ENTRIES: tuple[object, ...] = (7, {}, "a b")


def test_inventory_entries_have_three_forms() -> None:
    assert inventory_endpoint("Shop.example.org") == ("shop.example.org", 443)
    assert inventory_endpoint("shop.example.org:8443") == ("shop.example.org", 8443)
    assert inventory_endpoint({"endpoint": "a:1", "owner": "x"}) == ("a", 1)
    for wrong in _WRONG_ENTRIES:
        with pytest.raises(ValueError, match="expected"):
            inventory_endpoint(wrong)
    assert split_endpoint("[::1]:443") == ("::1", 443)


def test_roots_come_from_bundle_folder_or_extra_file(tmp_path: Path) -> None:
    root = build("Root", rsa_key(), ca=True).public_bytes(Encoding.PEM)
    bundle, folder, broken = tmp_path / "ca.pem", tmp_path / "certs", tmp_path / "broken.pem"
    bundle.write_bytes(root)
    broken.write_bytes(b"not a certificate")
    folder.mkdir()
    file, hashed = str(bundle), str(folder)
    assert Trust(None, SystemStore(file, None)).source == "system"
    assert Trust(file, SystemStore(file, hashed)).source == "system and ca_file"
    assert Trust(file, SystemStore(None, None)).source == "ca_file"
    assert len(list(Trust(file, SystemStore(None, None)).roots())) == 1
    for nothing in ((None, hashed), (str(broken), None), ("/does/not/exist", None)):
        with pytest.raises(ProbeError, match="no trusted root"):
            Trust(None, SystemStore(*nothing))
    with pytest.raises(ProbeError, match=r"`ca_file` .*broken\.pem cannot be used"):
        Trust(str(broken), SystemStore(file, None))
    (folder / "0a1b2c3d.0").write_bytes(root)
    assert Trust(None, SystemStore(None, hashed)).source == "system"


def test_the_store_of_this_machine_is_found_where_openssl_looks() -> None:
    store = SystemStore.of_openssl()
    assert {type(store.cafile), type(store.capath)} <= {str, type(None)}


def test_an_export_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "ct.json"
    with path.open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    with pytest.raises(ProbeError, match="larger than"):
        load_export(path)
