"""Builds targets and routes out of what a profile's files say together, noting what their shape does not show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from qwcli.core import url as urls
from qwcli.core.names import meant
from qwcli.core.price import PriceRow
from qwcli.core.profile import split_variant, vary
from qwcli.core.prompt import NOTHING, Parameters
from qwcli.core.target import Asked, Limits, Route, Target
from qwcli.errors import QwcliError
from qwcli.store import bundled
from qwcli.store.files import Files
from qwcli.store.prices import Book, is_path, read_book
from qwcli.store.sources import Merged, over

_SWITCH = {"on": True, "off": False}


Policies = Mapping[str, Callable[[Mapping[str, Any]], list[str]]]
"""The policies there are, each with what says what is wrong with a route's options."""


class Assembly:
    """The targets and routes of one profile. Mistakes go to `files`; an entry with one is left out."""

    def __init__(self, merged: Merged, files: Files, *, policies: Policies, dialects: frozenset[str]) -> None:
        self._merged = merged
        self._files = files
        self._policies = policies
        self._dialects = dialects
        self._providers: Mapping[str, Any] = merged.plain.get("providers") or {}
        self._targets: Mapping[str, Any] = merged.plain.get("targets") or {}
        self._routes: Mapping[str, Any] = merged.plain.get("routes") or {}
        self._books: dict[str, Book] = {}
        self._built: dict[str, Asked | None] = {}

    def build(self) -> tuple[dict[str, Target], dict[str, Route]]:
        """All targets and routes, in the order of the files."""
        for name in self._providers:
            if ("providers", name) not in self._merged.broken:
                self._check_provider(name)
        for name in self._routes.keys() & self._targets.keys():
            self._note("routes", name, "is a target's name already: targets and routes share one namespace")
        targets = {name: target for name in self._targets if isinstance(target := self._asked(name), Target)}
        routes = {name: route for name in self._routes if isinstance(route := self._asked(name), Route)}
        for at, name in enumerate((self._merged.plain.get("defaults") or {}).get("models") or []):
            if split_variant(name)[0] not in {**self._targets, **self._routes}:
                self._note("defaults", "models", self._unknown(name), str(at))
        return targets, routes

    def _asked(self, name: str, above: tuple[str, ...] = ()) -> Asked | None:
        if name not in self._built:
            self._built[name] = self._target(name) if name in self._targets else self._route(name, above)
        return self._built[name]

    def _route(self, name: str, above: tuple[str, ...]) -> Route | None:
        if ("routes", name) in self._merged.broken:
            return None
        entry = self._routes[name]
        policy, names = entry.get("policy"), entry.get("targets") or []
        options = {key: value for key, value in entry.items() if key not in {"policy", "targets"}}
        if policy is None:
            self._note("routes", name, "is missing", "policy")
        elif policy not in self._policies:
            self._note("routes", name, f"there is no policy `{policy}`{meant(policy, self._policies)}", "policy")
        else:
            for problem in self._policies[policy](options):
                self._note("routes", name, problem)
        if not names:
            self._note("routes", name, "a route needs at least one target", "targets")
        path = (*above, name)
        found = [self._member(member, path, f"targets.{at}") for at, member in enumerate(names)]
        members = tuple(member for member in found if member is not None)
        return Route(name=name, policy=policy or "", members=members, options=options or NOTHING)

    def _member(self, member: str, path: tuple[str, ...], key: str) -> Asked | None:
        """A route's member: a target, a target's variant, or another route that does not lead back here."""
        name = path[-1]
        base, settings = split_variant(member)
        if member in path:
            circle = " > ".join((*path[path.index(member) :], member))
            self._note("routes", name, f"the route leads back to itself: {circle}", key)
            return None
        if member in self._targets or member in self._routes:
            return self._asked(member, path)
        if settings is None or base not in self._targets:
            self._note("routes", name, self._unknown(member), key)
            return None
        target = self._asked(base)
        try:
            return vary(target, member, settings) if isinstance(target, Target) else None
        except QwcliError as error:
            self._note("routes", name, error.message, key)
            return None

    def _target(self, name: str) -> Target | None:
        entry = self._targets[name]
        if ("targets", name) in self._merged.broken or ("providers", entry.get("provider")) in self._merged.broken:
            return None
        provider = self._provider_of(name, entry)
        if provider is None:
            return None
        server = over(entry, {key: value for key, value in provider.items() if key not in {"regions", "url", "region"}})
        region, url = self._place(name, entry, provider)
        if url is None:
            return None
        if entry.get("url") and not entry.get("region"):
            # A region's residency says nothing of a server elsewhere.
            server["residency"] = entry.get("residency")
        if entry.get("dialect"):
            self._check_dialect("targets", name, entry)
        model = server.get("model") or name
        return Target(
            name=name,
            provider=entry.get("provider") or urls.authority(url),
            model=model,
            url=url.rstrip("/"),
            dialect=server.get("dialect") or "openai",
            region=region,
            residency=_by_region(server.get("residency"), region),
            key=server.get("key"),
            headers=server.get("headers") or NOTHING,
            body=server.get("body") or NOTHING,
            sends=server.get("sends") or NOTHING,
            thinking=server.get("thinking") or NOTHING,
            parameters=_parameters(server.get("parameters") or {}),
            limits=Limits(**(server.get("limits") or {})),
            context=server.get("context"),
            max_output=server.get("max_output"),
            ends_with_done=bool(server.get("ends_with_done")),
            prices=self._prices(name, entry, _by_region(server.get("prices"), region), model),
            simulated=bool(server.get("simulated")),
        )

    def _provider_of(self, name: str, entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
        provider = entry.get("provider")
        if provider is None:
            if entry.get("url") is None:
                self._note("targets", name, "needs a `provider`, or a `url` of its own")
                return None
            return {}
        if provider not in self._providers:
            self._note(
                "targets", name, f"there is no provider `{provider}`{meant(provider, self._providers)}", "provider"
            )
            return None
        found: Mapping[str, Any] = self._providers[provider]
        return found

    def _place(self, name: str, entry: Mapping[str, Any], provider: Mapping[str, Any]) -> tuple[str | None, str | None]:
        """The region and base URL of a target; its own `url` goes before its provider's."""
        regions: Mapping[str, str] = provider.get("regions") or {}
        if entry.get("url"):
            return entry.get("region"), entry["url"]
        region = entry.get("region") or provider.get("region")
        if not regions:
            if not provider.get("url"):
                self._note("targets", name, f"has no `url`, and its provider `{entry['provider']}` has none either")
            return region, provider.get("url")
        if region is None and len(regions) == 1:
            region = next(iter(regions))
        if region is None:
            self._note("targets", name, f"needs a `region`: one of {', '.join(regions)}")
        elif region in regions:
            return region, regions[region]
        elif entry.get("region"):
            self._note("targets", name, f"there is no region `{region}`{meant(region, regions)}", "region")
        return region, None

    def _prices(self, name: str, entry: Mapping[str, Any], book: str | None, model: str) -> tuple[PriceRow, ...]:
        if book is None:
            return ()
        rows = self._book(book)
        if rows is None and "prices" in entry:
            self._note("targets", name, self._unknown_book(book), "prices")
        return (rows or {}).get(model, ())

    def _book(self, name: str) -> Book | None:
        """A book's rows, read once; `None` where there is no such book."""
        if name not in self._books:
            path = Path(name) if is_path(name) else bundled.books().get(name)
            if path is None or not path.is_file():
                return None
            self._books[name] = read_book(path, self._files)
        return self._books[name]

    def _check_provider(self, name: str) -> None:
        entry = self._providers[name]
        regions = entry.get("regions") or {}
        self._check_dialect("providers", name, entry)
        if regions and entry.get("url"):
            self._note(
                "providers", name, "has both `url` and `regions`; `regions: null` beside `url` takes included ones away"
            )
        if regions and entry.get("region") and entry["region"] not in regions:
            what = f"there is no region `{entry['region']}`{meant(entry['region'], regions)}"
            self._note("providers", name, what, "region")
        for key in ("residency", "prices"):
            value = entry.get(key)
            for region in value if isinstance(value, dict) else ():
                if region not in regions:
                    what = f"there is no region `{region}`{meant(region, regions)}"
                    self._note("providers", name, what, f"{key}.{region}")
        prices = entry.get("prices")
        for book in prices.values() if isinstance(prices, dict) else [prices] if prices else []:
            if self._book(book) is None:
                self._note("providers", name, self._unknown_book(book), "prices")

    def _check_dialect(self, section: str, name: str, entry: Mapping[str, Any]) -> None:
        dialect = entry.get("dialect") or "openai"
        if dialect not in self._dialects:
            self._note(section, name, f"there is no dialect `{dialect}`{meant(dialect, self._dialects)}", "dialect")

    def _unknown_book(self, name: str) -> str:
        return f"there is no price book `{name}`{'' if is_path(name) else meant(name, bundled.books())}"

    def _unknown(self, name: str) -> str:
        return f"there is no target or route `{name}`{meant(name, (*self._targets, *self._routes))}"

    def _note(self, section: str, name: str, what: str, key: str | None = None) -> None:
        where = f"{section}.{name}" if key is None else f"{section}.{name}.{key}"
        self._files.note(self._merged.origins[section, name], where, what)


def _by_region(value: object, region: str | None) -> str | None:
    found = value.get(region) if isinstance(value, dict) else value
    return found if isinstance(found, str) else None


def _parameters(plain: Mapping[str, Any]) -> Parameters:
    known = {item.name for item in fields(Parameters)}
    values = {key: value for key, value in plain.items() if key in known and value is not None}
    if isinstance(values.get("thinking"), str):
        values["thinking"] = _SWITCH[values["thinking"]]
    return Parameters(**values)
