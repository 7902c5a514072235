"use strict";
// An order's page, renewed in parts while somebody works in it.
(() => {
  const find = (selector, root = document) => root.querySelector(selector);

  // A part of a page is renewed around whoever is in it: what is open stays open and what was typed stays; a field that
  // somebody is in, or text that somebody has marked, is left as it is.
  // So is a part with the focus on what htmx could not find again in the new one.
  const watched = (part) => part.contains(document.activeElement) && (document.activeElement.matches("input, textarea, select") || !document.activeElement.id);
  const marked = (part) => !getSelection().isCollapsed && part.contains(getSelection().anchorNode);
  let sent = null;
  let isBehind = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    sent = event.detail.requestConfig.elt;
  });
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const part = event.detail.target;
    if (!part.matches("[data-region]")) return;
    if (sent.id === "watch" && (watched(part) || marked(part))) {
      event.detail.shouldSwap = false;
      isBehind = true;
    }
    for (const open of part.querySelectorAll("details[id][open]")) find("#" + open.id, event.detail.fragment)?.setAttribute("open", "");
    for (const field of part.querySelectorAll("textarea[id], input[id]")) {
      const same = find("#" + field.id, event.detail.fragment);
      if (same && field.value !== field.defaultValue && !sent.contains(field)) same.value = field.value;
    }
  });
  // Whoever has taken away what had the focus stands at the head of its part.
  document.addEventListener("htmx:afterRequest", () => document.activeElement === document.body && sent?.method === "post" && find("#notes")?.focus());
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id !== "watch") return;
    const parts = [...document.querySelectorAll("[data-region]")];
    event.detail.parameters.seen = parts.map((part) => part.dataset.region + "." + part.dataset.version).join(",");
    if (isBehind) event.detail.parameters.behind = 1;
    isBehind = false;
  });
})();
