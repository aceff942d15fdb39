// Live updates of the page; everything else works without them. Only HTML of the page's own server is inserted.
"use strict";
(() => {
  const address = document.body.dataset.live;
  const log = document.getElementById("log");
  const list = document.getElementById("lines");
  const most = 500;

  const local = (root) => {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      time.textContent = at.toLocaleTimeString([], { hour12: false });
      time.title = at.toLocaleString();
    }
  };

  const toEnd = () => {
    if (log) log.scrollTop = log.scrollHeight;
  };

  const put = (element, html) => {
    const focused = document.activeElement?.id;
    const scrolled = [...element.querySelectorAll(".scroll")].map((part) => part.scrollLeft);
    element.innerHTML = html;
    local(element);
    element.querySelectorAll(".scroll").forEach((part, index) => (part.scrollLeft = scrolled[index] ?? 0));
    if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
  };

  const add = ({ html, reset }) => {
    if (!log) return;
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    if (reset) list.replaceChildren();
    const template = document.createElement("template");
    template.innerHTML = html;
    local(template.content);
    list.append(template.content);
    while (list.childElementCount > most) list.firstElementChild.remove();
    if (atEnd) toEnd();
  };

  local(document);
  toEnd();
  // After a reload the notice would be shown again.
  if (location.search.startsWith("?restarted=")) history.replaceState(null, "", location.pathname);
  if (!address) return;

  const mark = document.getElementById("live");
  const say = document.getElementById("say");
  let source = null;
  let last = null;

  const begin = () => {
    const url = new URL(address, location.href);
    if (last !== null) url.searchParams.set("after", last);
    source = new EventSource(url);
    source.addEventListener("open", () => mark && (mark.hidden = false));
    source.addEventListener("error", ({ target }) => {
      if (mark) mark.hidden = true;
      // After an error page, as while the emulator starts, a browser does not reconnect by itself.
      if (target.readyState === EventSource.CLOSED) setTimeout(() => source === target && begin(), 3000);
    });
    source.addEventListener("part", (event) => {
      const { id, html } = JSON.parse(event.data);
      const element = document.getElementById(id);
      if (element) put(element, html);
    });
    source.addEventListener("say", (event) => (say.textContent = JSON.parse(event.data).text));
    source.addEventListener("lines", (event) => {
      last = event.lastEventId;
      add(JSON.parse(event.data));
    });
  };

  const end = () => {
    source?.close();
    source = null;
  };

  // A browser has six connections for an address: a hidden page gives its own back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) end();
    else if (!source) begin();
  });
  addEventListener("pagehide", end);
  addEventListener("pageshow", () => source || document.hidden || begin());
})();
