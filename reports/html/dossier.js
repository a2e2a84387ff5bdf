// Filter, search and windows over the lists of a dossier. Without it, what the page lists is shown.
// A record is one entry of the list: `facets` (name to values), `text`, `group`, and `node()`.
const Dossier = (() => {
  const WINDOW = 50;
  const PRINTED = 2000;
  const number = (value) => value.toLocaleString("en-US");
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const SEVERITIES = ["critical", "high", "medium", "low", "info"];

  // -- the condition, as the form and the fragment have it -------------------------------------------
  const readForm = (form) => {
    const wanted = { text: $("input[type=search]", form).value.trim(), facets: {} };
    for (const select of all("select", form)) {
      if (select.value) wanted.facets[select.name] = new Set([select.value]);
    }
    for (const group of all("fieldset", form)) {
      const boxes = all("input", group);
      const on = boxes.filter((box) => box.checked).map((box) => box.value);
      if (on.length < boxes.length) wanted.facets[group.name] = new Set(on);
    }
    return wanted;
  };
  const toFragment = ({ text, facets }) => {
    const query = new URLSearchParams();
    if (text) query.set("q", text);
    for (const [name, values] of Object.entries(facets)) query.set(name, [...values].join(","));
    return query.toString();
  };
  const writeForm = (form, fragment) => {
    const query = new URLSearchParams(fragment);
    $("input[type=search]", form).value = query.get("q") ?? "";
    for (const select of all("select", form)) {
      const value = query.get(select.name) ?? "";
      select.value = [...select.options].some((option) => option.value === value) ? value : "";
    }
    for (const group of all("fieldset", form)) {
      const on = query.has(group.name) ? query.get(group.name).split(",") : null;
      for (const box of all("input", group)) box.checked = on === null || on.includes(box.value);
    }
  };
  const inWords = ({ text, facets }, form) => {
    const parts = Object.entries(facets).map(([name, values]) => {
      const control = form.elements[name];
      const words = control.options
        ? control.selectedOptions[0].textContent
        : [...values].map((value) => value.replaceAll("_", " ")).join(", ") || "none";
      return `${control.dataset.name ?? name}: ${words}`;
    });
    if (text) parts.push(`text: ${text}`);
    return parts.join("; ");
  };
  const matches = (facets, wanted, skip) => Object.entries(wanted).every(([name, values]) =>
    skip?.(name) || (facets[name] ?? []).some((value) => values.has(value)));

  // -- the choices ------------------------------------------------------------------------------------
  const fillSelects = (form, records, controls, labels) => {
    for (const select of all("select", form)) {
      const found = new Set();
      for (const { facets } of [...records, ...controls]) {
        for (const value of facets[select.name] ?? []) found.add(value);
      }
      const rank = (value) => (select.name === "severity" ? SEVERITIES.indexOf(value) : 0);
      const values = [...found].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
      for (const value of values) {
        const title = labels[select.name]?.[value];
        const known = select.name === "closing" ? title : `${value} · ${title}`;
        select.add(new Option(title ? known : value.replaceAll("_", " "), value));
      }
      select.closest("label").hidden = values.length === 0;
    }
  };

  // -- the page ---------------------------------------------------------------------------------------
  // `labels`: facet to value to title; `mapped`: facets of a control that its findings inherit.
  const start = ({ records, controls, labels, left }) => {
    const form = $("form.filter");
    if (!form) return;
    const list = $(".list");
    const heads = new Map(all(".of-control", list).map((group) => [
      group.id.replace("findings-", ""), $("h3", group).cloneNode(true)]));
    const output = $("output", form);
    const pager = all(".pager");
    const noun = list.dataset.noun;
    let found = records, from = 0, wanted = { text: "", facets: {} };
    fillSelects(form, records, controls, labels);

    const draw = (first, last) => {
      const pieces = [];
      let group = null, rows = null;
      for (const record of found.slice(first, last)) {
        if (record.group !== group) {
          group = record.group;
          const section = document.createElement("section");
          section.className = "of-control";
          if (!pieces.some((piece) => piece.id === `findings-${group}`)) section.id = `findings-${group}`;
          rows = document.createElement("ol");
          rows.className = "findings";
          const head = heads.get(group)?.cloneNode(true);
          if (head) { section.setAttribute("aria-labelledby", head.id); section.append(head); }
          section.append(rows);
          pieces.push(section);
        }
        rows.append(record.node());
      }
      if (!pieces.length) {
        const none = document.createElement("p");
        none.className = "notice";
        none.textContent = records.length ? `No ${noun} fits this filter.` : `There are no ${noun}s.`;
        pieces.push(none);
      }
      list.replaceChildren(...pieces);
    };
    const place = () => {
      const last = Math.min(from + WINDOW, found.length);
      for (const bar of pager) {
        bar.hidden = found.length <= WINDOW;
        $(".place", bar).textContent = `${number(from + 1)} to ${number(last)} of ${number(found.length)}`;
        $(".back", bar).disabled = from === 0;
        $(".on", bar).disabled = last === found.length;
      }
    };
    const window_ = (first) => { from = first; draw(from, from + WINDOW); place(); };
    const count = (shown, total, word) =>
      `${shown === total ? "all " : ""}${number(shown)}${shown === total ? "" : ` of ${number(total)}`} ${word}`;
    const say = (keptControls) => {
      const active = wanted.text || Object.keys(wanted.facets).length;
      const numbers = `${count(found.length, records.length, `${noun}s`)} and ${
        count(keptControls, controls.length, "controls")} shown`;
      const missing = left ? `; ${number(left)} more ${noun}s are not in this list` : "";
      if (output.textContent !== numbers + missing) output.textContent = numbers + missing;
      $(".reset", form).disabled = !active;
      const said = $(".filtered");
      said.hidden = !active;
      said.textContent = active ? `Filtered by ${inWords(wanted, form)}; ${numbers}${missing}. Hidden: ${
        number(records.length - found.length)} ${noun}s and ${
        number(controls.length - keptControls)} controls.` : "";
    };
    const apply = () => {
      wanted = readForm(form);
      const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
      const fits = (text) => words.every((word) => text.includes(word));
      found = records.filter(({ facets, text }) => matches(facets, wanted.facets) && fits(text()));
      const groups = new Set(found.map(({ group }) => group));
      // A control stays while its own names fit and nothing, or a finding of it, is asked for.
      let kept = 0;
      for (const control of controls) {
        const own = Object.keys(wanted.facets).every((name) => name in control.facets);
        const keep = matches(control.facets, wanted.facets, (name) => !(name in control.facets))
          && (groups.has(control.id) || (own && fits(control.text())));
        control.item.hidden = !keep;
        kept += keep ? 1 : 0;
      }
      window_(0);
      say(kept);
    };
    const remember = () => {
      const fragment = toFragment(wanted);
      history.replaceState(null, "", fragment ? `#?${fragment}` : "#");
    };
    const reset = () => { writeForm(form, ""); apply(); };
    const reveal = () => {
      const name = location.hash.slice(1); // our own ids need no escapes
      if (name.startsWith("?")) { writeForm(form, name.slice(1)); apply(); return; }
      const wantedAt = (record) => record.id === name || `findings-${record.group}` === name;
      let at = found.findIndex(wantedAt);
      if (at < 0 && records.some(wantedAt)) { reset(); at = found.findIndex(wantedAt); }
      if (at >= 0) window_(at - (at % WINDOW));
      else if (document.getElementById(name)?.closest("[hidden]")) reset();
      const target = document.getElementById(name);
      if (name && target) {
        // Browsers mark `:target` only where the element was there when the link was followed.
        for (const old of all(".target")) old.classList.remove("target");
        target.classList.add("target");
        target.scrollIntoView();
      }
    };
    const turn = (by) => {
      window_(from + by);
      const region = $("#list-title");
      region.focus();
      region.scrollIntoView();
    };
    const printed = () => {
      draw(0, PRINTED);
      for (const card of all(".card", list)) card.open = true;
      const rest = found.length - PRINTED;
      const said = $(".filtered");
      if (rest > 0) {
        said.hidden = false;
        said.textContent += ` Printed are the first ${number(PRINTED)}; ${number(rest)} more ${
          noun}s fit and are not printed.`;
      }
    };
    form.addEventListener("input", () => { apply(); remember(); });
    form.addEventListener("submit", (event) => event.preventDefault());
    $(".reset", form).addEventListener("click", () => {
      reset(); remember(); $("input[type=search]", form).focus();
    });
    for (const bar of pager) {
      $(".back", bar).addEventListener("click", () => turn(-WINDOW));
      $(".on", bar).addEventListener("click", () => turn(WINDOW));
    }
    window.addEventListener("hashchange", reveal);
    window.addEventListener("beforeprint", printed);
    window.addEventListener("afterprint", apply);
    form.hidden = false;
    apply();
    if (location.hash.length > 1) reveal();
  };

  // -- what the lists are made of ---------------------------------------------------------------------
  const fromPage = (inherited) => all(".list .finding").map((item) => {
    const group = item.closest(".of-control").id.replace("findings-", "");
    const facets = Object.fromEntries(
      Object.entries(item.dataset).map(([name, value]) => [name, [value]]));
    let text = null;
    return {
      id: item.id, group, node: () => item, facets: { ...facets, ...inherited(group) },
      text: () => { text ??= item.textContent.toLowerCase(); return text; },
    };
  });
  const controls = (inherited) => all("#controls .control").map((item) => {
    const id = item.id.replace("control-", "");
    const text = item.textContent.toLowerCase();
    return { id, item, text: () => text, facets: inherited(id) };
  });
  return { controls, fromPage, start };
})();
