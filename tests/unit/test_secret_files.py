"""Settings that are secrets lie in files: each file is a variable, and none of them is ever repeated."""

from pathlib import Path

import pytest

from ocppdiag_process.secret_files import SecretsError, read_secret_files


def test_each_file_is_a_variable(tmp_path: Path) -> None:
    (tmp_path / "OCPPDIAG_AMQP_URL").write_text("amqp://a:b@c/\n")
    (tmp_path / "OCPPDIAG_UPLOAD_KEY").write_text(" a key ")
    environment = {"OCPPDIAG_SECRETS": str(tmp_path)}
    read_secret_files(environment)
    assert environment["OCPPDIAG_AMQP_URL"] == "amqp://a:b@c/"
    assert environment["OCPPDIAG_UPLOAD_KEY"] == " a key "


def test_what_is_set_stays_and_what_is_not_ours_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "OCPPDIAG_AMQP_URL").write_text("from the file")
    (tmp_path / "PATH").write_text("nowhere")
    (tmp_path / "OTHER").write_bytes(b"\xff")
    environment = {"OCPPDIAG_SECRETS": str(tmp_path), "OCPPDIAG_AMQP_URL": "given"}
    read_secret_files(environment)
    assert environment == {"OCPPDIAG_SECRETS": str(tmp_path), "OCPPDIAG_AMQP_URL": "given"}


def test_without_a_folder_nothing_happens() -> None:
    environment: dict[str, str] = {}
    read_secret_files(environment)
    assert environment == {}


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SecretsError, match=r"OCPPDIAG_SECRETS: cannot read .*/none: No such file"):
        read_secret_files({"OCPPDIAG_SECRETS": str(tmp_path / "none")})


def test_a_file_that_cannot_be_read_is_named_and_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "OCPPDIAG_UPLOAD_KEY").write_bytes(b"canary\xff")
    with pytest.raises(SecretsError, match="OCPPDIAG_UPLOAD_KEY must be UTF-8 text") as caught:
        read_secret_files({"OCPPDIAG_SECRETS": str(tmp_path)})
    assert "canary" not in str(caught.value)
    (tmp_path / "OCPPDIAG_UPLOAD_KEY").unlink()
    (tmp_path / "OCPPDIAG_UPLOAD_KEY").mkdir()
    with pytest.raises(SecretsError, match=r"cannot read .*OCPPDIAG_UPLOAD_KEY: Is a directory"):
        read_secret_files({"OCPPDIAG_SECRETS": str(tmp_path)})
