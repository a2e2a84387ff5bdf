// The page of a run: first the check, which looks at the page as it came, then the dossier's lists.
// Where the signed findings were checked, the lists are made of all of them; else of those shown.
const inherited = (control) => {
  const requirement = DOSSIER.maps[control] ?? [];
  const framework = [...new Set(requirement.map((name) => name.split(" ")[0]))];
  return { control: [control], framework, requirement };
};
const SEVERITY = ["critical", "high", "medium", "low", "info"];
const fromSigned = ({ findings, observations }) => {
  const place = new Map(
    [...document.querySelectorAll("#controls .control")].map(({ id }, at) => [id.slice(8), at]));
  const order = (f) => [place.get(f.control) ?? place.size, Rows.STATUSES.indexOf(f.status),
    SEVERITY.indexOf(f.severity)];
  const keyed = findings.map((f, at) => ({ f, key: [...order(f), at] }));
  keyed.sort(({ key: a }, { key: b }) => a.map((part, n) => part - b[n]).find(Boolean) ?? 0);
  const of = new Map();
  return keyed.map(({ f }) => {
    if (!of.has(f.control)) of.set(f.control, inherited(f.control));
    let text = null;
    const make = () => {
      const built = document.createElement("template");
      built.innerHTML = Rows.row(f, observations.get(`${f.target}/${f.resource_type}`));
      return built.content.firstChild;
    };
    return {
      id: `f-${f.fingerprint.slice(0, 12)}`,
      group: f.control,
      facets: {
        status: [f.status], severity: [f.severity], target: [Rows.visible(f.target)],
        environment: [Rows.visible(f.environment)], ...of.get(f.control),
      },
      text: () => {
        text ??= [f.resource, f.reason, f.check, f.uid, f.target, f.action, f.hint, f.fingerprint,
          DOSSIER.titles[f.control], DOSSIER.tests[`${f.control}/${f.check}`]].join(" ").toLowerCase();
        return text;
      },
      node: make,
    };
  });
};
document.addEventListener("DOMContentLoaded", async () => {
  const signed = await Check.run();
  const records = signed ? fromSigned(signed) : Dossier.fromPage(inherited);
  const left = signed ? 0 : Number(document.querySelector(".list")?.dataset.left ?? 0);
  Dossier.start({
    records, left, controls: Dossier.controls(inherited),
    labels: {
      control: DOSSIER.titles, framework: DOSSIER.frameworks, requirement: DOSSIER.requirements,
    },
  });
});
