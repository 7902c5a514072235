"use strict";
// What htmx is not told in attributes, for every page: when to keep still, what is sent once, what opens and closes.
(() => {
  const UNLESS_BUSY = "details[open], input:focus, textarea:focus, select:focus, tr .pick:checked";
  let failures = 0, quietUntil = 0;

  const find = (selector, root = document) => root.querySelector(selector);
  // With 422 comes a form with its mistakes, or a notice that has its own place.
  const went = ({ successful, target }) => successful && target?.id !== "problem";
  const live = (event) => event.detail.elt.matches("[data-live]");
  const isBusy = (element) => element.id !== "news" && find(UNLESS_BUSY, element) !== null;

  // Nothing is asked for in a hidden tab, while the server is away, or under somebody's hands.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (live(event) && (document.hidden || Date.now() < quietUntil || isBusy(event.detail.elt))) event.preventDefault();
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    if (went(event.detail)) {
      // That the server was away is over by itself; what a person did wrong stays until they do something else.
      find(live(event) ? "#problem .away" : "#problem > *")?.remove();
      failures = quietUntil = 0;
    }
  });

  const away = (event) => {
    failures += 1;
    quietUntil = Date.now() + Math.min(60, 2 ** failures) * 1000;
    if (event.type === "htmx:responseError") return;
    const notice = document.createElement("p");
    notice.className = "flash bad away";
    notice.textContent = "The server does not answer. What you typed stays: send it again. What you see is renewed by itself.";
    (find("#dialog[open] .problem") ?? find("#problem")).replaceChildren(notice);
  };
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.addEventListener(name, away);

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) for (const element of document.querySelectorAll("[data-live]")) htmx.trigger(element, "back");
  });

  // A file is fetched by the browser itself: the page stays, and may ask for the next one.
  document.addEventListener("submit", (event) => {
    if ((event.submitter ?? event.target).matches("[data-download]") || event.target.matches("[data-download]")) event.stopPropagation();
  }, true);

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "1";
    (event.submitter ?? find("button", event.target))?.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const { elt } = detail;
    if (went(detail) || !elt.dataset.sent) return;
    delete elt.dataset.sent;
    find("[aria-busy]")?.removeAttribute("aria-busy");
  });

  // A question opens in a dialog, and its address as a page of its own where a person wants that.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    htmx.ajax("GET", link.href, { target: "#dialog", swap: "innerHTML", source: link });
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const dialog = find("#dialog[open]");
    if (dialog && event.detail.target.id === "problem") event.detail.target = find(".problem", dialog) || event.detail.target;
  });
  document.addEventListener("htmx:afterSwap", ({ target }) => {
    if (!target.matches(".asked")) return;
    if (target.id === "dialog" && !target.open) target.showModal();
    (find("[aria-invalid]", target) || find("[autofocus], h1", target))?.focus();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#dialog [data-close]")) return;
    event.preventDefault();
    find("#dialog").close();
  });

  // What is said is heard once in five seconds at most: of what came meanwhile the newest, and a trouble before it.
  let heard = 0, waits, firm = "";
  document.addEventListener("htmx:oobBeforeSwap", ({ target, detail }) => {
    if (target.id !== "said") return;
    if (find("b", detail.fragment)) firm = detail.fragment.textContent;
    clearTimeout(waits);
    waits = setTimeout(() => {
      heard = Date.now();
      const said = target.textContent;
      find("#aloud").textContent = said.includes(firm) ? said : firm + said;
      firm = "";
    }, Math.max(100, heard + 5000 - Date.now()));
  });

  // What is copied stands right before its button.
  document.addEventListener("click", ({ target }) => {
    if (!target.matches("[data-copy]")) return;
    getSelection().selectAllChildren(target.previousElementSibling);
    document.execCommand("copy");
    target.textContent = "Copied";
  });

  // One open menu at a time, and Escape closes it.
  // Whoever was in a menu stands on its button again.
  const shut = (menu) => {
    if (menu.contains(document.activeElement)) find("summary", menu).focus();
    menu.removeAttribute("open");
  };
  const close = (except) => document.querySelectorAll("details.menu[open]").forEach((menu) => menu.contains(except) || shut(menu));
  document.addEventListener("click", (event) => close(event.target));
  document.addEventListener("keydown", (event) => event.key === "Escape" && close(null));
  // Only once the form was read: which of its buttons was pressed is known by the focus.
  document.addEventListener("submit", () => setTimeout(close, 0, null), true);
})();
