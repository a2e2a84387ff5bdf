// The page of a period: first the check of its signature, then its lists.
const inherited = (control) => {
  const requirement = DOSSIER.maps[control] ?? [];
  const framework = [...new Set(requirement.map((name) => name.split(" ")[0]))];
  return { control: [control], framework, requirement, state: [DOSSIER.states[control]] };
};
document.addEventListener("DOMContentLoaded", async () => {
  await Check.run();
  Dossier.start({
    records: Dossier.fromPage(inherited),
    left: Number(document.querySelector(".list").dataset.left),
    controls: Dossier.controls(inherited),
    labels: {
      control: DOSSIER.titles, framework: DOSSIER.frameworks, requirement: DOSSIER.requirements,
      closing: DOSSIER.closings,
    },
  });
});
