"""All HTTP that a node speaks, in OpenAPI 3.1: made from the tables that route its requests."""

import re
from collections.abc import Mapping, Sequence
from html import escape

from proofmill.host.network.operator.web import (
    JSON,
    Parameter,
    Reply,
    Route,
    json_reply,
)

VERSION = "3.1.0"
REFUSAL = {"type": "object", "required": ["code", "message"], "properties": {
    "code": {"type": "integer"}, "message": {"type": "string"}}}
ALWAYS = {400: "a request that is none", 401: "a token is asked for, and not shown",
          429: "too many requests"}
"""Refusals of every route."""


def document(tables: Mapping[str, Sequence[Route]], version: str) -> dict[str, object]:
    """The description. `tables`: routes by what they are for; `version`: of this program."""
    paths: dict[str, dict[str, object]] = {}
    for tag, routes in tables.items():
        for route in routes:
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(tag, route)
    return {
        "openapi": VERSION,
        "info": {"title": "Proofmill node", "version": version, "license": {
            "name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "tags": [{"name": tag} for tag in tables],
        "paths": paths,
        "components": {
            "schemas": {"Refusal": REFUSAL},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"},
                                "password": {"type": "http", "scheme": "basic"}}},
        "security": [{}, {"token": []}, {"password": []}]}


def routes(tables: Mapping[str, Sequence[Route]], version: str) -> list[Route]:
    """The description as JSON, and as a page for people; both are part of what they describe."""
    own: list[Route] = []
    described = {**tables, "description": own}
    own += [
        Route("/openapi.json", "this description, in OpenAPI",
              lambda request: json_reply(document(described, version))),
        Route("/openapi", "this description, as a page",
              lambda request: Reply(_page(described, version).encode()),
              media="text/html; charset=utf-8")]
    return own


def _operation(tag: str, route: Route) -> dict[str, object]:
    named = re.findall(r"{(\w+)}", route.path)
    described = {each.name: each for each in route.parameters}
    assert set(named) <= described.keys(), f"{route.path}: a place is not described"
    answers: dict[str, object] = {"200": {
        "description": "the answer", "content": {route.media.partition(";")[0]: {}}}}
    for status, what in sorted({**ALWAYS, **route.also, **route.refusals}.items()):
        answer: dict[str, object] = {"description": what}
        if status in route.refusals:
            answer["content"] = {JSON: {"schema": {"$ref": "#/components/schemas/Refusal"}}}
        answers[str(status)] = answer
    made: dict[str, object] = {
        "tags": [tag], "summary": route.what, "operationId": _identifier(route),
        "parameters": [_parameter(each, each.name in named) for each in route.parameters],
        "responses": answers}
    if route.body:
        made["requestBody"] = {"required": True, "content": {route.body: {}}}
    return made


def _identifier(route: Route) -> str:
    return re.sub(r"\W+", "_", f"{route.method.lower()}{route.path}").strip("_")


def _parameter(each: Parameter, in_path: bool) -> dict[str, object]:
    return {"name": each.name, "in": "path" if in_path else "query", "description": each.what,
            "required": in_path or each.required, "schema": dict(each.schema)}


def _page(tables: Mapping[str, Sequence[Route]], version: str) -> str:
    parts = [(f"<!doctype html><html lang=en><meta charset=utf-8><title>Proofmill {version}: HTTP"
             "</title><link rel=stylesheet href=/page.css><main>"
             f"<h1>HTTP of this node, Proofmill {escape(version)}</h1>"
             "<p>The same for programs: <a href=/openapi.json>openapi.json</a>.")]
    for tag, of_tag in tables.items():
        parts.append(f"<h2>{escape(tag)}</h2><dl>")
        for route in of_tag:
            fields = "".join(f"<br><code>{escape(each.name)}</code>: {escape(each.what)}"
                             for each in route.parameters)
            parts.append(f"<dt><code>{route.method} {escape(route.path)}</code>"
                         f"<dd>{escape(route.what)}{fields}")
        parts.append("</dl>")
    return "".join([*parts, "</main></html>\n"])
