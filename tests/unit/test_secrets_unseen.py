"""What is secret in what operators set is in no repr, no dump of it and no complaint about it."""

import json
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from ocppdiag_amqp import Broker
from ocppdiag_gateway.settings import Settings as GatewaySettings
from ocppdiag_local.keys import Keys
from ocppdiag_local.services import Services
from ocppdiag_uploads.settings import Settings as UploadsSettings
from ocppdiag_workers.settings import Settings as WorkersSettings

CANARY = "canary9d41"
KEY = CANARY * 4
SECRETS = {
    "amqp_url": f"amqp://user:{CANARY}@host/",
    "redis_url": f"redis://:{CANARY}@host",
    "credential_key": KEY,
    "upload_key": KEY,
}
REST = {"upload_url": "https://uploads.example", "upload_folder": "logs"}
Settings = type[GatewaySettings | UploadsSettings | WorkersSettings]
SETTINGS: list[Settings] = [GatewaySettings, UploadsSettings, WorkersSettings]


def _given(settings: Settings) -> dict[str, str]:
    """What these settings have of it all."""
    return {name: value for name, value in (SECRETS | REST).items() if name in settings.model_fields}


@pytest.mark.abuse("36 repr of settings", "secrets masked, of all processes and of what one machine keeps")
@pytest.mark.parametrize("settings", SETTINGS)
def test_no_secret_is_seen_where_settings_are_printed(settings: Settings) -> None:
    made = settings.model_validate(_given(settings))
    assert CANARY in made.amqp_url.get_secret_value()
    for text in (repr(made), str(made), f"{[made]}", repr(vars(made)), made.model_dump_json()):
        assert CANARY not in text


@pytest.mark.abuse("36 repr of settings", "secrets masked, of all processes and of what one machine keeps")
@pytest.mark.parametrize(
    "make",
    [
        lambda: Keys(credential_key=KEY, upload_key=KEY),
        lambda: Services(SECRETS["amqp_url"], SECRETS["redis_url"], "the addresses given"),
        lambda: Broker(SECRETS["amqp_url"], name="test"),
    ],
)
def test_no_secret_is_seen_where_what_holds_it_is_printed(make: Callable[[], object]) -> None:
    made = make()
    assert CANARY not in f"{made!r} {made}"


@pytest.mark.abuse("36 wrong settings", "each is named, no value is repeated")
@pytest.mark.parametrize("wrong", [[CANARY], {"x": CANARY}, b"\xff" + CANARY.encode(), 7])
@pytest.mark.parametrize(
    ("settings", "name"),
    [(settings, name) for settings in SETTINGS for name in SECRETS if name in settings.model_fields],
)
def test_no_value_is_repeated_where_settings_are_wrong(settings: Settings, name: str, wrong: object) -> None:
    with pytest.raises(ValidationError) as refused:
        settings.model_validate(_given(settings) | {name: wrong})
    assert name in str(refused.value)
    assert CANARY not in "".join(traceback.format_exception(refused.value))


def test_keys_that_are_broken_are_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps({"credential_key": KEY, "upload_key": [KEY]}))
    with pytest.raises(ValidationError) as refused:
        Keys.kept(tmp_path)
    assert CANARY not in "".join(traceback.format_exception(refused.value))
