// The heat map of coverage: drawn in the colours of the page; a click leads to the list of that row's gaps.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const data = JSON.parse(document.getElementById("heat-data").textContent);
  const place = document.getElementById("heat");
  place.style.height = `${90 + data.rows.length * 22}px`;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chart = echarts.init(place, null, { renderer: "canvas" });

  function draw() {
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    const narrow = place.clientWidth < 600;
    chart.setOption({
      animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      grid: { left: 8, right: 8, top: 64, bottom: 4, containLabel: true },
      tooltip: {
        renderMode: "richText",
        formatter: ({ value }) => `${data.rows[value[1]].name}\n${data.columns[value[0]]}: ${value[3]}`,
      },
      xAxis: {
        type: "category", data: data.columns, position: "top", axisTick: { show: false },
        axisLabel: { color: colour("ink"), interval: 0, rotate: narrow ? 60 : 0, fontSize: 11, width: 90, overflow: "break" },
      },
      yAxis: {
        type: "category", data: data.rows.map((row) => row.name), inverse: true, axisTick: { show: false },
        axisLabel: { color: colour("ink"), fontSize: 12, width: narrow ? 96 : 220, overflow: "truncate" },
      },
      visualMap: {
        type: "piecewise", orient: "horizontal", left: "center", top: 0, dimension: 2,
        textStyle: { color: colour("ink"), fontSize: narrow ? 10 : 12 }, itemWidth: narrow ? 11 : 20, itemGap: narrow ? 5 : 10, textGap: narrow ? 3 : 10,
        pieces: [
          { value: -1, label: data.words.ungraded, color: colour("faint") },
          { value: 0, label: data.words.none, color: dark.matches ? "#2f6b4c" : "#bfdfcb" },
          { gt: 0, lte: 0.34, label: "≤ 1/3", color: dark.matches ? "#8a6a1c" : "#f2d98a" },
          { gt: 0.34, lt: 1, label: "> 1/3", color: dark.matches ? "#b4500a" : "#e79a4e" },
          { value: 1, label: data.words.all, color: dark.matches ? "#a83a32" : "#e08a82" },
        ],
      },
      series: [{
        type: "heatmap",
        data: data.cells,
        itemStyle: { borderColor: colour("card"), borderWidth: 2 },
        label: { show: true, color: colour("ink"), fontSize: 12, formatter: ({ value }) => value[4] },
        emphasis: { itemStyle: { borderColor: colour("focus") } },
      }],
    }, true);
  }

  draw();
  dark.addEventListener("change", draw);
  addEventListener("resize", () => { chart.resize(); draw(); });
  chart.on("click", ({ value }) => { location.href = data.rows[value[1]].link; });
});
