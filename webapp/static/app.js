"use strict";
// What htmx is not told in attributes: when to keep still, and when the list may grow by itself.
(() => {
  const UNLESS_BUSY = "details[open], input:focus, textarea:focus, select:focus, tr .pick:checked";
  let failures = 0;
  let quietUntil = 0;

  const find = (selector, root = document) => root.querySelector(selector);
  const live = (event) => event.detail.elt.matches("[data-live]");
  const isBusy = (element) => element.id !== "news" && find(UNLESS_BUSY, element) !== null;

  // Nothing is asked for in a hidden tab, while the server is away, or under somebody's hands.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (live(event) && (document.hidden || Date.now() < quietUntil || isBusy(event.detail.elt))) event.preventDefault();
  });

  // The news also tell which of the rows at rest are other now: each goes along with the version that is shown.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id !== "news") return;
    const rows = [...document.querySelectorAll("#rows > tr:not([data-live], :has(.pick:checked))")];
    event.detail.parameters.seen = rows.map((row) => row.id.slice(6) + "." + row.dataset.version).join(",");
  });

  // New orders go on top only where that moves nothing that anybody looks at closely.
  const showNews = () => {
    const link = find("#news a");
    const rows = find("#rows");
    if (!link || document.hidden) return;
    const isCalm = scrollY < 60 && getSelection().isCollapsed && !(rows && (rows.matches(":hover") || rows.contains(document.activeElement) || find(".pick:checked", rows)));
    if (!isCalm) return;
    const known = new Set([...document.querySelectorAll("#rows > tr")].map((row) => row.id));
    document.addEventListener("htmx:afterSwap", () => {
      for (const row of document.querySelectorAll("#rows > tr")) if (!known.has(row.id)) row.classList.add("fresh");
    }, { once: true });
    htmx.trigger(link, "click");
  };

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) {
      if (failures) find("#problem").replaceChildren();
      failures = quietUntil = 0;
    }
    if (event.detail.elt.id === "news") showNews();
  });

  const away = (event) => {
    failures += 1;
    quietUntil = Date.now() + Math.min(60, 2 ** failures) * 1000;
    if (event.type === "htmx:responseError") return;
    const notice = document.createElement("p");
    notice.className = "flash bad";
    notice.textContent = "The server does not answer. What you see may be old; it is tried again by itself.";
    find("#problem").replaceChildren(notice);
  };
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.addEventListener(name, away);

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) for (const element of document.querySelectorAll("[data-live]")) htmx.trigger(element, "back");
  });

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "1";
    find("button", event.target)?.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

  // How many orders are chosen, and all of the page at once.
  document.addEventListener("change", ({ target }) => {
    const boxes = [...document.querySelectorAll("#rows .pick")];
    if (target.id === "pick-all") for (const box of boxes) box.checked = target.checked;
    if (target.id !== "pick-all" && !target.matches(".pick")) return;
    const chosen = boxes.filter((box) => box.checked).length;
    find("#picked").value = chosen || "";
    find("#pick-all").checked = chosen === boxes.length;
  });

  // A part of a page is renewed around whoever is in it: what is open stays open and what was typed stays; a field that
  // somebody is in, or text that somebody has marked, is left as it is.
  const watched = (part) => part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
  const marked = (part) => !getSelection().isCollapsed && part.contains(getSelection().anchorNode);
  let isLook = false;
  let isBehind = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    isLook = event.detail.requestConfig.elt.id === "watch";
    const dialog = find("#dialog[open]");
    if (dialog && event.detail.target.id === "problem") event.detail.target = find(".problem", dialog) || event.detail.target;
  });
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const part = event.detail.target;
    if (!part.matches("[data-region]")) return;
    if (isLook && (watched(part) || marked(part))) {
      event.detail.shouldSwap = false;
      isBehind = true;
    }
    for (const open of part.querySelectorAll("details[id][open]")) find("#" + open.id, event.detail.fragment)?.setAttribute("open", "");
    for (const field of part.querySelectorAll("textarea[id], input[id]")) {
      const same = find("#" + field.id, event.detail.fragment);
      if (same && field.value !== field.defaultValue) same.value = field.value;
    }
  });
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id !== "watch") return;
    const parts = [...document.querySelectorAll("[data-region]")];
    event.detail.parameters.seen = parts.map((part) => part.dataset.region + "." + part.dataset.version).join(",");
    if (isBehind) event.detail.parameters.behind = 1;
    isBehind = false;
  });

  // A question opens in a dialog, and its address as a page of its own where a person wants that.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    htmx.ajax("GET", link.href, { target: "#dialog", swap: "innerHTML", source: link });
  });
  document.addEventListener("htmx:afterSwap", ({ target }) => {
    if (target.id !== "dialog") return;
    if (!target.open) target.showModal();
    find("[autofocus], [aria-invalid], h1", target)?.focus();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#dialog [data-close]")) return;
    event.preventDefault();
    find("#dialog").close();
  });

  // What is copied stands right before its button.
  document.addEventListener("click", ({ target }) => {
    if (!target.matches("[data-copy]")) return;
    getSelection().selectAllChildren(target.previousElementSibling);
    document.execCommand("copy");
    target.textContent = "Copied";
  });

  // One open menu at a time, and Escape closes it.
  const close = (except) => document.querySelectorAll("details.menu[open]").forEach((menu) => menu.contains(except) || menu.removeAttribute("open"));
  document.addEventListener("click", (event) => close(event.target));
  document.addEventListener("keydown", (event) => event.key === "Escape" && close(null));
})();
