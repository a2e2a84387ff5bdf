// Filters the list of findings by status and text. Without it, everything is shown.
const filterFindings = () => {
  const form = document.querySelector("form.filter");
  if (!form) return;
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const search = form.querySelector("input[type=search]");
  const output = form.querySelector("output");
  const groups = [...document.querySelectorAll(".of-control")].map((group) => ({
    group,
    items: [...group.querySelectorAll(".finding")].map((item) => ({
      item,
      status: item.dataset.status,
      text: item.textContent.toLowerCase(),
    })),
  }));
  const apply = () => {
    const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0, total = 0;
    for (const { group, items } of groups) {
      let here = 0;
      for (const { item, status, text } of items) {
        const keep = wanted.has(status) && words.every((word) => text.includes(word));
        item.hidden = !keep;
        here += keep ? 1 : 0;
      }
      group.hidden = here === 0;
      shown += here;
      total += items.length;
    }
    output.textContent = shown === total ? `all ${total} shown` : `${shown} of ${total} shown`;
  };
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || !target.closest("#findings") || !target.closest("[hidden]")) return;
    for (const box of boxes) box.checked = true;
    search.value = "";
    apply();
    target.scrollIntoView();
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", reveal);
  // A printed report must not depend on what was filtered on the screen.
  window.addEventListener("beforeprint", () => {
    for (const { group, items } of groups) {
      group.hidden = false;
      for (const { item } of items) item.hidden = false;
    }
  });
  window.addEventListener("afterprint", apply);
  form.hidden = false;
  apply();
};
// The check looks at the page as it came, so it goes first.
document.addEventListener("DOMContentLoaded", () => {
  Check.run().finally(filterFindings);
});
