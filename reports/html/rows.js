// Findings as the page shows them, and whether those that it shows are those that were signed.
// Needs CAUSES and DOSSIER (the words around findings), and `tokens` and `fail` of verify.js.
const Rows = (() => {
  const STATUSES = ["fail", "error", "manual", "waived", "pass", "not_applicable"];
  const label = (word) => word.replaceAll("_", " ");
  const visible = (value) => value.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (letter) => ({ "\n": "\\n", "\r": "\\r", "\t": "\\t" })[letter]
      ?? `\\u{${letter.codePointAt(0).toString(16)}}`,
  );
  const h = (value) => visible(value ?? "").replace(
    /[&<>"']/g,
    (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" })[letter],
  );
  const short = (value) => {
    const [name, bytes] = value.split(":");
    return bytes.length > 16 ? `${name}:${bytes.slice(0, 16)}…` : value;
  };
  // The same row as reports/html/_finding.html.j2; a test compares them.
  const item = (name, value) => `<div><dt>${name}</dt><dd>${value}</dd></div>`;
  const bdi = (value) => `<bdi>${h(value)}</bdi>`;
  const remedy = (f) => {
    if (!f.cause && !f.action && !f.hint) return "";
    const [meaning, next] = CAUSES[f.cause] ?? ["", ""];
    const cause = f.cause ? item("Cause", `${h(label(f.cause))}: ${h(meaning)}`) : "";
    const name = f.cause === "denied" ? "Permission" : "Operation";
    const action = f.action ? item(name, `<code>${h(f.action)}</code>`) : "";
    return `<dl class="remedy">${cause}${action}${item("Next", h(f.hint || next))}</dl>`;
  };
  const card = (f, evidence) => {
    const reading = DOSSIER.readings[`${f.target}/${f.resource_type}`];
    const test = DOSSIER.tests[`${f.control}/${f.check}`] ?? f.check;
    const asked = reading
      ? `On ${reading.day}, ${reading.identity} read ${reading.items} of ${f.resource_type} from ${f.target}.`
      : DOSSIER.not_read;
    const said = `${asked} The test “${test}” ${DOSSIER.endings[f.status]}.`;
    const kind = h(DOSSIER.kinds[f.target] ?? "unknown kind");
    const found = (f.assertions ?? []).map((one) => item("Found",
      `<strong>${h(DOSSIER.truths[one.truth])}</strong> · ${h(one.id)}${one.detail ? `: ${bdi(one.detail)}` : ""}`));
    const raw = JSON.stringify(f, null, 1).split("\n").map(h).join("\n");
    return `<details class="card"><summary>Evidence</summary><p class="said">${bdi(said)}</p><dl class="remedy">${
      item("System", `${bdi(f.target)}, ${kind}, ${h(f.environment)}`)}${item("Setting", h(test))}${found.join("")}${
      reading ? item("Data of", h(reading.as_of)) + item("Read by", bdi(reading.identity)) : ""}${
      item("Evidence", evidence ? `<code>${h(evidence)}</code>` : "none was read")}${item("Log", h(DOSSIER.log))
    }</dl><details class="raw"><summary>Signed record, raw</summary><pre><code>${raw}</code></pre></details></details>`;
  };
  const row = (f, evidence) => {
    const declared = Object.hasOwn(DOSSIER.declared, f.target)
      ? ` · <strong>${h(DOSSIER.declared[f.target])}</strong>` : "";
    const graded = f.status === "fail" || f.status === "error";
    const id = h(f.fingerprint.slice(0, 12));
    return `<li class="finding" id="f-${id}" data-status="${h(f.status)}" data-severity="${h(f.severity)
    }" data-target="${h(f.target)}" data-environment="${h(f.environment)}">${
      `<div class="verdict"><span class="badge s-${h(f.status)}">${h(label(f.status))}</span>${
        graded ? ` <span class="severity v-${h(f.severity)}">${h(f.severity)}</span>` : ""}</div>`
    }<div class="what"><p class="resource">${bdi(f.resource || "the whole target")}</p>${
      `<p class="quiet">${bdi(f.target)}${declared} · ${h(f.environment)} · ${h(f.check)}${
        f.uid ? ` · uid ${bdi(f.uid)}` : ""}</p>`
    }${f.reason ? `<p class="reason">${bdi(f.reason)}</p>` : ""}${remedy(f)}${card(f, evidence)}</div>${
      `<div class="proof"><p>${evidence
        ? `<code class="digest" title="${h(evidence)}">${h(short(evidence))}</code>`
        : '<span class="quiet">no evidence was read</span>'}</p>${
        f.pointer ? `<p><code>${h(f.pointer)}</code></p>` : ""
      }<p class="quiet">id <code>${id}</code></p></div></li>`}`;
  };
  const checkRows = (findings, observations, most, { fail, tokens }) => {
    const open = new Map(findings.map((finding) => [`f-${finding.fingerprint.slice(0, 12)}`, finding]));
    if (open.size !== findings.length) fail("findings: two have one id");
    const rows = [...document.querySelectorAll(".finding, #findings [data-status]")];
    if (rows.length !== Math.min(findings.length, most)) {
      fail(`findings: ${rows.length} are shown, ${findings.length} were signed`);
    }
    const built = document.createElement("template");
    let worst = 0;
    for (const item of rows) {
      const finding = open.get(item.id);
      if (!finding) fail(`findings: ${item.id} is shown and was not signed`);
      open.delete(item.id);
      built.innerHTML = row(finding, observations.get(`${finding.target}/${finding.resource_type}`));
      if (tokens(item) !== tokens(built.content.firstChild)) {
        fail(`findings: ${item.id} is not shown as it was signed`);
      }
      if (item.closest(".of-control")?.id !== `findings-${finding.control}`) {
        fail(`findings: ${item.id} stands under another control`);
      }
      worst = Math.max(worst, STATUSES.indexOf(finding.status));
    }
    for (const finding of open.values()) {
      if (STATUSES.indexOf(finding.status) < worst) fail("findings: a worse one is left out");
    }
    return rows.length;
  };
  const checkFigures = (facts, counts, untested, { fail }) => {
    for (const item of document.querySelectorAll("[data-signed]")) {
      const wanted = facts[item.dataset.signed];
      if (wanted === undefined || item.textContent !== visible(wanted)) {
        fail(`${item.dataset.signed}: the page shows another one than was signed`);
      }
    }
    const figures = { ...counts, not_tested: untested };
    const tiles = [...document.querySelectorAll(".tile")];
    if (tiles.length !== Object.keys(figures).length) fail("figures: one is missing");
    for (const [status, number] of Object.entries(figures)) {
      const shown = document.querySelector(`.tile.t-${status} dd`)?.textContent;
      if (shown !== number.toLocaleString("en-US")) {
        fail(`figures: ${label(status)} is ${shown}, signed was ${number}`);
      }
    }
  };
  return { STATUSES, checkFigures, checkRows, label, row, visible };
})();
