"use strict";
// The list of orders: news that move nothing, choosing rows, and keys.
(() => {
  const find = (selector) => document.querySelector(selector);
  const rows = () => [...document.querySelectorAll("#rows > tr[data-po]")];
  const boxes = () => [...document.querySelectorAll("#rows .pick")];
  const picked = () => [...document.querySelectorAll(".pick:checked, #every:checked")];

  // What is chosen goes along with whatever asks for the list; the answer holds it again, or says what it let go.
  const chosen = () => {
    const ids = picked().map((box) => box.value);
    return ids[0] ? ids + ";" + find("#asks").value : "";
  };

  // The news also tell which of the rows at rest are other now: each goes along with the version that is shown.
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.target.id === "grid") detail.headers.Chosen ??= chosen();
    if (detail.elt.id !== "news") return;
    const still = rows().filter((row) => !row.matches("[data-live], :has(.pick:checked, details[open])"));
    detail.parameters.seen = still.map((row) => row.id.slice(6) + "." + row.dataset.version).join(",");
  });

  // New orders go on top only where that moves nothing that anybody looks at closely.
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const link = find("#news a");
    if (detail.elt.id !== "news" || !link || document.hidden || scrollY > 60 || !getSelection().isCollapsed
      || newest?.readyState % 4 || find("#grid details[open], .here, #rows:is(:hover, :focus-within), .pick:checked")) return;
    const known = rows().map((row) => row.id);
    document.addEventListener("htmx:afterSwap", () => {
      for (const row of rows()) if (!known.includes(row.id)) row.classList.add("fresh");
    }, { once: true });
    htmx.trigger(link, "click");
  });

  // What is chosen: one, a stretch with Shift, the page, or everything that matches.
  let last;
  const count = () => {
    const all = find("#pick-all"), every = find("#every");
    if (!all) return;
    all.checked = !find("#rows .pick:not(:checked)");
    if (every) every.checked &&= all.checked;
    const number = picked().length;
    all.indeterminate = number && !all.checked;
    find("#picked").value = every?.checked ? every.dataset.all : number || "";
  };
  // While a list is on its way nothing is chosen and nothing let go: what it brings is what was chosen when it was asked for.
  // A request that is over stands at 4, one that was let go at 0.
  document.addEventListener("click", (event) => {
    const { target } = event;
    if (newest?.readyState % 4 && target.matches(".pick, #pick-all, #every")) event.preventDefault();
    if (target.id === "choose-none") for (const box of picked()) box.checked = false;
  }, true);
  document.addEventListener("click", ({ target, shiftKey, defaultPrevented }) => {
    if (defaultPrevented || !target.matches("#rows .pick")) return;
    const list = boxes();
    if (shiftKey && list.includes(last)) {
      const [from, to] = [list.indexOf(last), list.indexOf(target)].sort((a, b) => a - b);
      for (const box of list.slice(from, to + 1)) box.checked = target.checked;
    }
    last = target;
  });
  document.addEventListener("change", ({ target }) => {
    if (target.id === "pick-all") for (const box of boxes()) box.checked = target.checked;
    count();
  });
  // Going back brings the whole page before the old one leaves: to hold on to a place would end at the foot.
  let newest;
  const anchor = (how) => document.documentElement.style.overflowAnchor = how;
  document.addEventListener("htmx:historyCacheMiss", ({ detail }) => {
    anchor("none");
    detail.xhr.setRequestHeader("Chosen", chosen());
    newest?.abort();
    newest = detail.xhr;
  });
  // Of two links that were pressed one after the other, the last one is meant, whichever answer comes first.
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.target.id !== "grid") return;
    newest?.abort();
    newest = detail.xhr;
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target.id === "grid") anchor("");
  });
  document.addEventListener("htmx:afterSettle", ({ target }) => {
    if (target.id === "grid" && document.activeElement === document.body) find("#rows a.id, .empty a")?.focus({ preventScroll: true });
    count();
  });

  // The log below a row is taken away by the link that brought it.
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".peek");
    const below = link?.closest("tr").nextElementSibling;
    if (!below?.matches(".peeked") || event.ctrlKey || event.metaKey) return;
    below.remove();
    link.ariaExpanded = "false";
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.elt.matches(".peek") && detail.successful) detail.elt.ariaExpanded = "true";
  });

  // Fields for a time cost as much as many rows: they come out of their noscript once the page is painted.
  addEventListener("load", () => setTimeout(() => {
    const kept = find("#filters noscript");
    if (kept) kept.outerHTML = kept.textContent;
  }));

  // Keys, unless somebody types or has turned them off.
  const go = (step) => {
    const list = rows();
    const next = list[list.indexOf(find(".here")) + step] ?? find(".here");
    for (const row of list) row.classList.toggle("here", row === next);
    next?.querySelector("a.id").focus();
  };
  const keys = {
    "/": () => find("#q").focus(),
    j: () => go(1),
    k: () => go(find(".here") ? -1 : 1),
    x: () => find(".here .pick")?.click(),
    "?": () => find("#keys").showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=checkbox]), select, textarea")) return;
    if (find("#grid")?.dataset.keys !== "on" || find("dialog[open]") || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
})();
