"""An installation starts only on settings that serve, and says in a sentence which do not."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from api.settings import DEFAULT_SECRET, Settings, SettingsError, load

GOOD_SECRET = "of-this-installation-and-nobody-elses-0123"


@pytest.fixture(autouse=True)
def away_from_settings_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PARTNER_CENTER_{name.upper()}", raising=False)


def test_a_budget_must_allow_the_largest_operation_and_redis_must_be_one():
    assert load(budget_cost=0).budget_cost == 0
    assert load(budget_cost=20_000, max_cost=20_000).budget_cost == 20_000
    with pytest.raises(SettingsError, match="BUDGET_COST is less than PARTNER_CENTER_MAX_COST"):
        load(budget_cost=19_999)
    with pytest.raises(SettingsError, match="PARTNER_CENTER_REDIS_URL: must begin with redis://") as refused:
        load(redis_url="memcached://user:of-redis@host")
    assert "of-redis" not in str(refused.value)


def test_without_a_word_it_is_development_on_a_file_of_sqlite():
    settings = load()

    assert (settings.environment, settings.production) == ("development", False)
    assert settings.database_url == "sqlite+aiosqlite:///partner-center.db"
    assert settings.address == "http://127.0.0.1:8000"


def test_production_refuses_the_secret_that_everyone_knows():
    with pytest.raises(SettingsError, match="PARTNER_CENTER_SECRET_KEY is still the default") as refused:
        load(environment="production")

    assert DEFAULT_SECRET not in str(refused.value)


def test_production_refuses_a_short_secret_without_telling_it():
    with pytest.raises(SettingsError, match="fewer than 32") as refused:
        load(environment="production", secret_key="short-but-secret")

    assert "short-but-secret" not in str(refused.value)


def test_production_starts_on_a_secret_of_its_own():
    assert load(environment="production", secret_key=GOOD_SECRET).production


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / ".env").write_text("PARTNER_CENTER_PORT=8100\nPARTNER_CENTER_HOST=0.0.0.0\n", encoding="utf-8")
    monkeypatch.setenv("PARTNER_CENTER_PORT", "8200")

    settings = load()

    assert (settings.host, settings.port, settings.address) == ("0.0.0.0", 8200, "http://127.0.0.1:8200")


def test_origins_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PARTNER_CENTER_ALLOWED_ORIGINS", "https://portal.example.com, http://localhost:5173")

    assert load().allowed_origins == ("https://portal.example.com", "http://localhost:5173")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("database_url", "mysql://localhost/x", "PARTNER_CENTER_DATABASE_URL: must begin with"),
        ("database_url", "sqlite+aiosqlite:///:memory:", "PARTNER_CENTER_DATABASE_URL: names a database in memory"),
        ("allowed_origins", "*", "PARTNER_CENTER_ALLOWED_ORIGINS: '\\*' is no origin"),
        ("base_url", "partners.example.com", "PARTNER_CENTER_BASE_URL: .* is no origin"),
        ("port", "http", "PARTNER_CENTER_PORT: "),
        ("max_depth", "0", "PARTNER_CENTER_MAX_DEPTH: "),
    ],
)
def test_a_setting_that_does_not_serve_is_named(name: str, value: str, sentence: str):
    with pytest.raises(SettingsError, match=sentence):
        load(**{name: value})


def test_settings_stay_as_they_were_read():
    settings = load()

    with pytest.raises(ValidationError):
        settings.port = 9000

    assert settings.port == 8000


def test_a_printed_secret_is_not_one():
    assert GOOD_SECRET not in repr(load(secret_key=GOOD_SECRET, metrics_token=GOOD_SECRET))


def test_the_example_file_names_every_setting_and_its_default():
    example = (Path(__file__).parent.parent / ".env.example").read_text(encoding="utf-8")
    shown = dict(
        line.removeprefix("# ").split("=", 1) for line in example.splitlines() if line.startswith("# PARTNER_CENTER_")
    )

    assert set(shown) == {f"PARTNER_CENTER_{name.upper()}" for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, int):
            assert shown[f"PARTNER_CENTER_{name.upper()}"] == str(field.default)
