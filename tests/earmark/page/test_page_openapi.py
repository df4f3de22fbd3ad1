"""The page's own description of its API holds, and no request made from it makes the page fail."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from filelock import FileLock

from earmark.page.security.documentation import Parameter, described
from experiments.benchmark.page_fuzz import fuzz

CASES_A_ROUTE = 12


@pytest.fixture
def busy_page(served: Any) -> Iterator[Any]:
    """The page while another train runs: no request can start one."""
    with FileLock(served.home.lock_file):
        yield served


def test_no_request_that_the_description_allows_or_forbids_makes_it_fail(busy_page: Any, tmp_path: Path) -> None:
    """Experiments do the same with 10,000 cases: ``python -m experiments.benchmark page_fuzz``."""
    found = fuzz(busy_page.url, busy_page.browser, tmp_path, per_route=CASES_A_ROUTE, phases=("fuzzing",))
    assert not found.faults
    assert found.cases > 100


def test_every_route_is_typed_and_says_what_it_does(served: Any) -> None:
    openapi = served.browser.get(f"{served.url}/api/v1/openapi.json", timeout=20).json()
    assert openapi["openapi"].startswith("3.1")
    for path, methods in openapi["paths"].items():
        assert path.startswith("/api/v1/")
        for method, route in methods.items():
            where = f"{method} {path}"
            assert route["description"], where
            answers = {status: answer for status, answer in route["responses"].items() if status.startswith("2")}
            assert answers, where
            for status, answer in answers.items():
                assert status == "204" or answer["content"], where
            assert "Fault" in str(route["responses"]["404"]), where


def test_its_documentation_lists_every_route_for_people(served: Any) -> None:
    page = served.browser.get(f"{served.url}/api/v1/docs", timeout=20)
    assert page.headers["content-type"].startswith("text/html")
    openapi = served.browser.get(f"{served.url}/api/v1/openapi.json", timeout=20).json()
    for path, methods in openapi["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page.text
    assert "X-CSRF-Token" in page.text
    assert "<td>false</td>" in page.text
    assert not re.findall(r"<td>(True|False|None|\[\]|\{\})</td>", page.text)  # Python's words are not JSON's


def test_a_description_is_told_with_its_parameters() -> None:
    number = {"anyOf": [{"type": "number"}, {"type": "null"}], "description": "a share"}
    openapi = {
        "paths": {
            "/x/{id}": {
                "get": {
                    "description": "Something.\n\nMore of it.",
                    "parameters": [
                        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                        {"name": "n", "in": "query", "schema": number | {"default": 0.5}},
                        {"name": "b", "in": "query", "schema": {"type": "boolean", "default": False}},
                        {"name": "s", "in": "query", "schema": {"type": "string", "default": "demo"}},
                        {"name": "q", "in": "query", "schema": number | {"default": None}},
                    ],
                },
                "post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/c/schemas/Said"}}}}},
            }
        },
        "components": {
            "schemas": {
                "Said": {
                    "required": ["word"],
                    "properties": {
                        "word": {"enum": ["keep", "skip"]},
                        "ids": {"type": "array", "items": {"type": "string"}},
                    },
                }
            }
        },
    }
    read, said = described(openapi)
    assert (read.method, read.path, read.about) == ("GET", "/x/{id}", "Something.")
    assert read.parameters == (
        Parameter("id", "string", "path", True, "", ""),
        Parameter("n", "number", "query", False, "0.5", "a share"),
        Parameter("b", "boolean", "query", False, "false", ""),
        Parameter("s", "string", "query", False, "demo", ""),
        Parameter("q", "number", "query", False, "", "a share"),
    )
    assert said.parameters == (
        Parameter("word", "keep | skip", "body", True, "", ""),
        Parameter("ids", "list of string", "body", False, "", ""),
    )


def test_a_missing_page_and_a_wrong_question_are_faults_in_json(served: Any) -> None:
    for path in ("/api/v1/nowhere", "/api/v1/models?x[]=1&x[]=2", "/api/v1/ranking?min_precision=nan"):
        answer = requests.get(served.url + path, timeout=20)
        assert answer.headers["content-type"] == "application/json"
        assert answer.status_code == 200 or set(answer.json()) == {"error", "hint"}
