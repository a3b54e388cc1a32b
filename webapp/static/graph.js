// The collaboration graph: starts at the incident and grows where it is clicked, or where its list is unfolded.
"use strict";

(() => {
  const element = document.querySelector("[data-graph]");
  const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  const said = (thing) => thing?.label?.[language] ?? "";
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  // By kind: shape and colour; what a thing is called says it too.
  const LOOKS = {
    Incident: ["diamond", "s1", 34], IncidentType: ["triangle", "s2", 20], Department: ["circle", "s4", 22],
    Government: ["roundRect", "s4", 26], Headquarters: ["roundRect", "s1", 26], PlanModule: ["rect", "s3", 20],
    Duty: ["roundRect", "s2", 18], Clause: ["rect", "s0", 14], Law: ["roundRect", "s0", 20], Function: ["triangle", "s0", 16],
  };
  const nodes = new Map(), links = new Map(), grown = new Set();
  let chart;

  function wrapped(text) {
    const size = language === "zh" ? 10 : 20, parts = [];
    let line = "";
    for (const word of language === "zh" ? text : text.split(/(?<= )/)) {
      if (line && line.length + word.length > size) { parts.push(line); line = ""; }
      line += word;
    }
    parts.push(line);
    return parts.length > 3 ? [...parts.slice(0, 2), parts[2].trimEnd() + "…"].join("\n") : parts.join("\n");
  }

  async function grow(iri) {
    if (grown.has(iri)) return;
    grown.add(iri);
    const reply = await fetch(`${element.dataset.graph}?node=${encodeURIComponent(iri)}`);
    if (!reply.ok) { grown.delete(iri); throw new Error(`${reply.status}`); }
    const found = await reply.json();
    const middle = place(iri);
    found.nodes.forEach((node, number) => {
      if (nodes.has(node.iri)) return;
      const angle = (2 * Math.PI * number) / found.nodes.length;
      nodes.set(node.iri, { ...node, x: middle[0] + 90 * Math.cos(angle), y: middle[1] + 90 * Math.sin(angle) });
    });
    for (const link of found.links) links.set(`${link.from} ${link.to} ${link.label.en}`, link);
    draw();
  }

  function place(iri) {
    const number = [...nodes.keys()].indexOf(iri);
    const layout = number < 0 ? null : chart?.getModel().getSeriesByIndex(0)?.getData().getItemLayout(number);
    return layout ?? [element.clientWidth / 2, element.clientHeight / 2];
  }

  function draw() {
    const ink = colour("ink"), card = colour("card"), soft = colour("soft");
    const drawn = new Set();
    const data = [...nodes.values()].map((node) => {
      const [symbol, tone, symbolSize] = LOOKS[node.kind.name] ?? ["circle", "s0", 14];
      return {
        id: node.iri, name: said(node), x: node.x, y: node.y, symbol, symbolSize,
        itemStyle: { color: colour(tone), borderColor: grown.has(node.iri) ? ink : card, borderWidth: 2 },
        label: { show: true, formatter: wrapped(said(node)), color: ink, position: "bottom", fontSize: 11 },
        told: `${said(node.kind)}${said(node.kind) ? ": " : ""}${said(node)}`,
      };
    });
    const edges = [...links.values()].map((link) => {
      const pair = [link.from, link.to].sort().join(" "), again = drawn.has(pair);
      drawn.add(pair);
      return { source: link.from, target: link.to, told: said(link), lineStyle: { curveness: again ? 0.25 : 0 },
        label: { show: grown.size > 1 && !(link.from.includes("/incident/")), formatter: said(link), fontSize: 10, color: soft } };
    });
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      tooltip: { renderMode: "richText", confine: true, backgroundColor: card, borderColor: soft, textStyle: { color: ink, fontSize: 12 }, formatter: (one) => one.data.told },
      series: [{
        type: "graph", layout: "force", data, edges, roam: true, draggable: true, cursor: "pointer",
        edgeSymbol: ["none", "arrow"], edgeSymbolSize: 7, lineStyle: { color: soft, opacity: 0.7 },
        labelLayout: { hideOverlap: true }, emphasis: { focus: "adjacency" },
        zoom: 0.85, force: { repulsion: 190, edgeLength: [40, 120], gravity: 0.22, layoutAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches, friction: 0.3 },
      }],
    });
    element.dataset.things = nodes.size;
  }

  async function start() {
    await new Promise((done, failed) => {
      const script = document.createElement("script");
      Object.assign(script, { src: element.dataset.library, onload: done, onerror: failed });
      document.head.append(script);
    });
    chart = window.echarts.init(element);
    element.chart = chart;
    chart.on("click", (event) => { if (event.dataType === "node") grow(event.data.id).catch(failed); });
    new ResizeObserver(() => chart.resize()).observe(element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    await grow(element.dataset.node);
  }

  const failed = (error) => { element.dataset.failed = error.message; };
  start().catch(failed);
  document.addEventListener("htmx:afterSettle", (event) => {
    const thing = event.detail.requestConfig?.elt?.dataset?.grows;
    if (thing) grow(thing).catch(failed);
  });
})();
