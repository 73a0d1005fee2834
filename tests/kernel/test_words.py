"""Words behave as plain text everywhere and carry both labels."""

import copy
import enum
import json
import pickle
from typing import Any, cast

import pytest
import strawberry
from pydantic import BaseModel, ValidationError
from sqlalchemy import Column, Enum
from sqlmodel import Field, SQLModel

from models.kernel.words import Word


@enum.unique
class Weather(Word):
    """A list of words (天气) for these tests."""

    SUN = "SUN", "晴", "Sunny"
    RAIN = "RAIN", "雨", "Rainy"


class Forecast(BaseModel):
    weather: Weather


class WeatherRow(SQLModel):
    weather: Weather = Field(sa_column=Column(Enum(Weather, native_enum=False)))


def test_a_word_is_its_code() -> None:
    assert Weather.SUN == "SUN"
    assert Weather.SUN.value == "SUN"
    assert Weather.SUN.name == "SUN"
    assert f"{Weather.SUN}" == "SUN"
    assert {"SUN": 1}[Weather.SUN] == 1
    assert json.dumps([Weather.SUN]) == '["SUN"]'


def test_a_word_is_found_by_its_code_alone() -> None:
    assert cast(Any, Weather)("RAIN") is Weather.RAIN
    assert Weather["RAIN"] is Weather.RAIN
    with pytest.raises(ValueError, match="雨"):
        cast(Any, Weather)("雨")


def test_a_word_says_itself_in_both_languages() -> None:
    assert (Weather.RAIN.zh, Weather.RAIN.en) == ("雨", "Rainy")
    assert Weather.RAIN.label("zh") == "雨"
    assert Weather.RAIN.label("en") == "Rainy"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="'value'"):
        Weather.RAIN.label(cast(Any, "value"))


def test_a_word_without_a_label_does_not_import() -> None:
    with pytest.raises((ValueError, TypeError, RuntimeError)):
        enum.unique(cast(Any, Word)("Broken", {"FOG": ("FOG", "", "Fog")}))


def test_pickle_and_copy_keep_the_very_member() -> None:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(Weather.SUN, protocol)) is Weather.SUN  # noqa: S301 - written by the same line
    assert copy.deepcopy(Weather.SUN) is Weather.SUN


def test_pydantic_reads_and_writes_the_code() -> None:
    forecast = Forecast.model_validate({"weather": "RAIN"})
    assert forecast.weather is Weather.RAIN
    assert forecast.model_dump_json() == '{"weather":"RAIN"}'
    assert Forecast.model_json_schema()["$defs"]["Weather"]["enum"] == ["SUN", "RAIN"]
    with pytest.raises(ValidationError):
        Forecast.model_validate({"weather": "SNOW"})


def test_a_row_keeps_the_word() -> None:
    assert WeatherRow.model_validate({"weather": "SUN"}).weather is Weather.SUN


def test_strawberry_makes_it_an_enum_of_the_schema() -> None:
    graphql_weather = strawberry.enum(Weather)

    def tomorrow(today: Any) -> Any:
        assert today is Weather.SUN
        return Weather.RAIN

    tomorrow.__annotations__ = {"today": graphql_weather, "return": graphql_weather}

    class Query:
        tomorrow: Any

    Query.__annotations__ = {"tomorrow": graphql_weather}
    Query.tomorrow = strawberry.field(resolver=tomorrow)
    schema = strawberry.Schema(strawberry.type(Query))
    assert "enum Weather {\n  SUN\n  RAIN\n}" in schema.as_str()
    answer = schema.execute_sync("{ tomorrow(today: SUN) }")
    assert answer.errors is None
    assert answer.data == {"tomorrow": "RAIN"}
