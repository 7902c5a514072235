"""The house rules that a reader of one file cannot see: who may import whom, who commits, how large things are."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from webapp.queue import Bell

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("webapp", "jobs", "sandbox")
LONGEST_FILE = 400
LONGEST_FUNCTION = 50

ROWS = (
    ("webapp.domain",),
    ("webapp.clock", "webapp.columns", "webapp.plain", "webapp.settings", "webapp.parent_watch", "webapp.connectors"),
    ("webapp.models", "webapp.vault", "webapp.database", "webapp.queue"),
    ("webapp.unit_of_work", "webapp.schema"),
    ("webapp.limits", "webapp.circuit", "webapp.shop_health"),
    (
        "webapp.policy_json",
        "webapp.accounts",
        "webapp.account_changes",
        "webapp.account_entry",
        "webapp.order_settings",
        "webapp.typed",
        "webapp.late_creation",
        "webapp.store_changes",
        "webapp.store_entry",
        "webapp.store_webhooks",
        "webapp.people",
        "webapp.audit",
        "webapp.team",
        "webapp.claims",
        "webapp.turns",
        "webapp.tokens",
        "webapp.order_rows",
        "webapp.at_once",
        "webapp.days",
    ),
    ("webapp.gate", "webapp.line", "webapp.issued", "webapp.deaths", "webapp.bulk_items"),
    ("webapp.event_text", "webapp.shop_events")
    + (
        "webapp.webhook_kinds",
        "webapp.refusals",
        "webapp.inbox",
        "webapp.intake",
        "webapp.hints",
        "webapp.outbox",
        "webapp.neighbours",
        "webapp.connection_test",
    )
    + (
        "webapp.shops",
        "webapp.shop_facts",
        "webapp.shop_choices",
        "webapp.customers",
        "webapp.products",
        "webapp.scene",
        "webapp.effects",
        "webapp.sources",
        "webapp.stock",
        "webapp.store_test",
        "webapp.store_rights",
    ),
    ("webapp.orders", "webapp.order_store", "webapp.order_pages", "webapp.scans", "webapp.reimport")
    + (
        "webapp.polls",
        "webapp.poll_windows",
        "webapp.product_polls",
        "webapp.shop_polls",
        "webapp.shop_outage",
        "webapp.sync_health",
    )
    + (
        "webapp.handlers",
        "webapp.addresses",
        "webapp.note_copying",
        "webapp.address_editing",
        "webapp.sending",
        "webapp.refunding",
        "webapp.mailing",
        "webapp.mirroring",
        "webapp.creation",
        "webapp.by_hand",
        "webapp.creation_by_hand",
        "webapp.product_links",
        "webapp.product_options",
        "webapp.line_stock",
        "webapp.new_products",
        "webapp.sku_turns",
        "webapp.stock_holding",
        "webapp.carts",
        "webapp.queries",
        "webapp.grid",
        "webapp.timeline",
        "webapp.subscriptions",
        "webapp.actions",
        "webapp.notes",
    ),
    ("webapp.event_log", "webapp.failures", "webapp.troubles", "webapp.dashboard", "webapp.global_log"),
    ("webapp.alerts",),
    ("webapp.alert_channels",),
    ("webapp.replay",),
    ("webapp.bulk", "webapp.bulk_progress", "webapp.exports", "webapp.sheets", "webapp.erasing"),
    ("webapp.demo", "webapp.removal", "webapp.doctor", "webapp.onboarding", "webapp.reports", "webapp.sweep"),
    ("webapp.views", "webapp.cli"),
    ("webapp.app",),
    ("jobs",),
)
"""From the ground up. A file imports from its own row or from lower ones, never from above."""

PURE = frozenset({"webapp.domain"}) | frozenset(sys.stdlib_module_names)
NETWORK = PURE | {"webapp.connectors", "requests", "urllib3", "msgspec", "cryptography", "oauthlib"}
BROAD = {
    "webapp/inbox.py",
    "webapp/outbox.py",
    "webapp/orders.py",
    "webapp/polls.py",
    "webapp/bulk.py",
    "jobs/scheduler.py",
}
"""The six files that record whatever went wrong and go on."""


def files(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


@cache
def imports(path: Path) -> tuple[tuple[str, int], ...]:
    """Each imported module with its line; `from webapp import queue` counts as `webapp.queue`."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((each.name, node.lineno) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            module = node.module or ""
            for each in node.names:
                submodule = (ROOT / module.replace(".", "/") / f"{each.name}.py").exists()
                package = (ROOT / module.replace(".", "/") / each.name / "__init__.py").exists()
                yield (f"{module}.{each.name}" if submodule or package else module), node.lineno


def within(module: str, places: frozenset[str] | set[str]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def row_of(module: str) -> int | None:
    """The lowest row is 0; None for what belongs to nobody (the package itself, other packages)."""
    return next((level for level, row in enumerate(ROWS) if within(module, set(row))), None)


def wrong_imports(paths: list[Path], allowed: frozenset[str] | set[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in paths
        for module, line in imports(path)
        if not within(module, allowed)
    ]


def test_every_module_of_the_application_has_its_row() -> None:
    names = {name_of(path) for path in files("webapp", "jobs")} - {"webapp"}
    assert sorted(name for name in names if row_of(name) is None) == []


def test_imports_run_downwards() -> None:
    wrong = []
    for path in files("webapp", "jobs"):
        mine = row_of(name_of(path))
        for module, line in imports(path):
            theirs = row_of(module)
            if mine is not None and theirs is not None and theirs > mine:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module} from above")
    assert wrong == []


def test_the_domain_imports_the_standard_library_and_itself() -> None:
    assert wrong_imports(files("webapp/domain"), PURE) == []


def test_connectors_know_the_domain_and_the_network_and_nothing_else() -> None:
    assert wrong_imports(files("webapp/connectors"), NETWORK) == []


def test_the_doors_do_not_know_each_other() -> None:
    both = [(path, module) for path in files("webapp") for module, _ in imports(path)]
    assert [f"{path}: {module}" for path, module in both if within(module, {"jobs", "sandbox", "tests"})] == []
    jobs = [(path, module) for path in files("jobs") for module, _ in imports(path)]
    assert [f"{path}: {module}" for path, module in jobs if within(module, {"webapp.views", "tests"})] == []


def test_the_stand_ins_know_nothing_of_the_application() -> None:
    every = [(path, module) for path in files("sandbox") for module, _ in imports(path)]
    assert [f"{path}: {module}" for path, module in every if within(module, {"webapp", "jobs", "tests"})] == []


def test_only_the_doorbell_of_the_application_knows_rq() -> None:
    users = {name_of(path) for path in files("webapp") for module, _ in imports(path) if within(module, {"rq"})}
    assert users == {"webapp.queue"}


def test_views_ask_the_application_and_never_the_neighbours() -> None:
    every = [(path, module) for path in files("webapp/views") for module, _ in imports(path)]
    forbidden = {"webapp.connectors.walmart", "webapp.connectors.magento", "webapp.handlers", "requests"}
    assert [f"{path}: {module}" for path, module in every if within(module, forbidden)] == []


def test_no_call_leaves_while_a_transaction_may_be_open() -> None:
    """A gate stands at the door of every call: it ends what is being read, and refuses inside a unit of work."""
    bare = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in files("webapp", "jobs")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Caller"
        if "watch" not in {keyword.arg for keyword in node.keywords}
    ]
    assert bare == []


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_is_imported_inside_a_function(package: str) -> None:
    hidden = [
        f"{path.relative_to(ROOT)}:{inner.lineno}"
        for path in files(package)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


def test_loading_the_rules_loads_no_framework() -> None:
    names = [name_of(path) for path in files("webapp/domain")]
    code = f"import sys, {', '.join(names)}; print('\\n'.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    roots = {module.partition(".")[0] for module in loaded.split()}
    assert roots & {"flask", "sqlalchemy", "requests", "redis", "rq", "msgspec", "werkzeug"} == set()


def test_an_assert_tells_a_type_and_guards_nothing() -> None:
    """The services run without them."""
    guards = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in files(*PACKAGES)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Assert) and not _tells_a_type(node.test)
    ]
    assert guards == []


def _tells_a_type(said: ast.expr) -> bool:
    if isinstance(said, ast.Call):
        return isinstance(said.func, ast.Name) and said.func.id == "isinstance"
    return isinstance(said, ast.Name | ast.Attribute)


def test_only_the_unit_of_work_commits() -> None:
    commits = [
        f"{path.relative_to(ROOT)}"
        for path in files("webapp", "jobs")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]
    assert commits == ["webapp/unit_of_work.py"]


def test_only_the_unit_of_work_the_sweep_and_the_drain_ring() -> None:
    ringers = {
        f"{path.relative_to(ROOT)}"
        for path in files("webapp", "jobs")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "queue.ring"
    }
    assert ringers == {"webapp/unit_of_work.py", "webapp/sweep.py", "jobs/drain.py"}


@pytest.mark.parametrize("bell", list(Bell))
def test_every_bell_names_a_function_that_is_there(bell: Bell) -> None:
    module, _, function = bell.job.rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


def test_whatever_went_wrong_is_caught_in_six_files_only() -> None:
    broad = {
        f"{path.relative_to(ROOT)}"
        for path in files("webapp", "jobs")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler) and _is_swallowed(node)
    }
    assert broad == BROAD


def test_what_was_stored_is_read_in_one_place_that_threads_may_share() -> None:
    converting = {
        f"{path.relative_to(ROOT)}"
        for path in files("webapp", "jobs")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"msgspec.convert", "convert"}
    }
    assert converting == {"webapp/plain.py"}


def _is_swallowed(node: ast.ExceptHandler) -> bool:
    """It catches everything and does not raise it again."""
    caught = "" if node.type is None else ast.unparse(node.type)
    raises = any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
    return caught in {"", "Exception", "BaseException"} and not raises


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_and_no_function_grows_past_reading(package: str) -> None:
    large = []
    for path in files(package):
        lines = len(path.read_text().splitlines())
        if lines > LONGEST_FILE:
            large.append(f"{path.relative_to(ROOT)} has {lines} lines")
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    large.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {length} lines")
    assert large == []
