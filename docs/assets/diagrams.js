// Draws the Mermaid diagrams of a page. `make docs` puts mermaid.min.js beside this file; without it, and without
// JavaScript, the text of a diagram is shown.
const diagrams = document.querySelectorAll(".diagram");

if (diagrams.length > 0) {
  const script = document.createElement("script");
  script.src = new URL("mermaid.min.js", import.meta.url);
  script.onload = () => {
    const dark = document.body.dataset.mdColorScheme === "slate";
    window.mermaid.initialize({ startOnLoad: false, theme: dark ? "dark" : "default" });
    window.mermaid.run({ nodes: diagrams });
  };
  document.head.append(script);
}
