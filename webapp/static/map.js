// The map: areas that open when they are clicked, incidents by shape and colour, warnings, what is around.
// Everything that it shows stands in lists beside it; it is drawn with ECharts from GeoJSON of this server.
"use strict";

(() => {
  const SHAPES = ["emptyCircle", "diamond", "triangle", "rect", "circle"]; // by severity, as the legend says
  const RANKS = [["particularly-major", "I", "red"], ["major", "II", "orange"], ["larger", "III", "yellow"], ["ordinary", "IV", "blue"]];
  const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  const said = (thing) => thing?.label?.[language] ?? "";
  const rank = (thing) => RANKS.findIndex((names) => names.includes((thing?.iri ?? "").split("/").pop())) + 1;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const read = async (address) => {
    const reply = await fetch(address, { headers: { Accept: "application/geo+json" } });
    if (!reply.ok) throw new Error(`${reply.status} ${address}`);
    return reply.json();
  };

  function box(shape) {
    const pairs = shape.coordinates.flat(shape.type === "Polygon" ? 1 : 2);
    const [x, y] = [0, 1].map((axis) => pairs.map((pair) => pair[axis]));
    return [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)];
  }

  let library;
  function load(address) {
    library ??= new Promise((done, failed) => {
      const script = document.createElement("script");
      Object.assign(script, { src: address, onload: () => done(window.echarts), onerror: failed });
      document.head.append(script);
    });
    return library;
  }

  class Ground {
    constructor(element) {
      this.element = element;
      this.words = JSON.parse(element.dataset.words);
      this.name = `ground-${Ground.count = (Ground.count ?? 0) + 1}`;
      this.within = element.dataset.within;
    }

    async start() {
      this.echarts = await load(this.element.dataset.library);
      await this.draw();
      new ResizeObserver(() => this.chart?.resize()).observe(this.element);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    }

    async draw() {
      const { map, incidents, warnings, around, stocks } = this.element.dataset;
      const [points, warned] = await Promise.all([read(around ?? incidents), read(warnings)]);
      this.within ||= points.within ?? "";
      const within = `?within=${encodeURIComponent(this.within)}`;
      const [areas, standing] = await Promise.all([read(map + within), stocks ? read(stocks + within) : { features: [] }]);
      this.areas = areas;
      const fitting = this.fit(areas);
      this.trail();
      if (!fitting.features.length) {
        this.chart?.dispose();
        this.chart = null;
        this.element.textContent = this.words.empty;
        return;
      }
      this.echarts.registerMap(this.name, fitting);
      if (!this.chart) {
        this.element.textContent = "";
        this.chart = this.echarts.init(this.element, null, { renderer: "canvas" });
        this.chart.on("click", (event) => this.clicked(event));
      }
      this.chart.setOption(this.option(fitting, [...standing.features, ...points.features], warned.features), true);
      this.element.dataset.drawn = this.within;
    }

    // What has no parts is drawn by itself, in the middle of what it is a part of.
    fit(areas) {
      const features = areas.features.filter((one) => one.geometry);
      return { type: "FeatureCollection", features };
    }

    option(areas, points, warned) {
      const ink = colour("ink"), soft = colour("soft"), line = colour("line"), card = colour("card");
      return {
        animation: false,
        textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: ink },
        tooltip: { renderMode: "richText", confine: true, backgroundColor: card, borderColor: line, textStyle: { color: ink, fontSize: 12 }, formatter: (one) => one.data?.told ?? this.told(one.name) },
        geo: {
          map: this.name, nameProperty: "code", roam: true, aspectScale: 0.8, left: 14, right: 14, top: 14, bottom: 14,
          ...(this.element.dataset.around ? { boundingCoords: this.bounds(points) } : {}),
          itemStyle: { areaColor: card, borderColor: soft, borderWidth: 1 },
          label: { show: false },
          emphasis: { itemStyle: { areaColor: colour("faint") }, label: { show: false } },
          select: { disabled: true },
          tooltip: { show: true, formatter: (one) => this.told(one.name) },
          regions: areas.features.filter((one) => one.properties.incidents).map((one) => {
            const severity = rank(one.properties.worst);
            return { name: one.properties.code, itemStyle: { areaColor: colour(`s${severity}`), opacity: 0.55 } };
          }),
        },
        series: [this.names(areas.features, ink), ...this.warned(warned), ...this.ways(points), this.points(points, ink, card)],
      };
    }

    // Names stand where they do not lie over one another.
    names(features, color) {
      const data = features.map((one) => {
        const [west, south, east, north] = box(one.geometry);
        return { value: [(west + east) / 2, (south + north) / 2], name: one.properties.code };
      });
      const label = { show: true, color, fontSize: 11, position: "bottom", distance: 8, width: 84, overflow: "break", lineHeight: 13, formatter: (one) => this.labelled(one.name) };
      return { type: "scatter", coordinateSystem: "geo", data, symbolSize: 1, itemStyle: { color: "transparent" }, silent: true, label, labelLayout: { hideOverlap: true }, z: 2 };
    }

    // Around an incident: what is there, with a margin, however far the shapes of the city reach.
    bounds(points) {
      const places = points.map((one) => one.geometry).filter((one) => one?.type === "Point").map((one) => one.coordinates);
      if (!places.length) return undefined;
      const [x, y] = [0, 1].map((axis) => places.map((place) => place[axis]));
      const margin = Math.max(0.05, (Math.max(...x) - Math.min(...x)) * 0.15, (Math.max(...y) - Math.min(...y)) * 0.15);
      return [[Math.min(...x) - margin, Math.max(...y) + margin], [Math.max(...x) + margin, Math.min(...y) - margin]];
    }

    warned(features) {
      const rings = features.flatMap((one) => {
        const shape = one.geometry;
        const polygons = !shape ? [] : shape.type === "Polygon" ? [shape.coordinates] : shape.type === "MultiPolygon" ? shape.coordinates : [];
        const words = one.properties.types.map(said).join(", ") || said(one.properties);
        return polygons.map((polygon) => ({ ring: polygon[0], severity: rank(one.properties.level), told: `${this.words.warning}: ${words} ${said(one.properties.level)}` }));
      });
      if (!rings.length) return [];
      const renderItem = (parameters, api) => {
        const { ring, severity } = rings[parameters.dataIndex];
        const points = ring.map((point) => api.coord(point));
        return {
          type: "polygon", shape: { points }, silent: false,
          style: { fill: colour(`s${severity}`), opacity: 0.28, stroke: colour(`s${severity}`), lineWidth: 2, lineDash: [6, 4] },
        };
      };
      return [{ type: "custom", coordinateSystem: "geo", renderItem, data: rings.map((one) => ({ value: one.ring[0], told: one.told })), z: 3 }];
    }

    ways(features) {
      const data = features.filter((one) => one.properties.layer === "way").map((one) => ({ coords: one.geometry.coordinates }));
      return data.length ? [{ type: "lines", coordinateSystem: "geo", data, lineStyle: { color: colour("accent"), width: 2, type: "dashed", opacity: 0.9 }, effect: { show: false }, silent: true, z: 4 }] : [];
    }

    points(features, ink, card) {
      const placed = features.filter((one) => one.geometry?.type === "Point");
      const [least, most] = [Math.min, Math.max].map((of) => of(...placed.map((one) => one.geometry.coordinates[0])));
      // Names of what lies at the right edge stand to the left, or the map would cut them.
      const side = (longitude) => (longitude > least + 0.75 * (most - least) && most > least ? "left" : "right");
      const data = placed.map((one) => {
        const { layer = "incident", type, grade, level, kind, id, km } = one.properties;
        const severity = rank(grade ?? level);
        const own = layer === "incident" ? (said(grade ?? level) || this.words.none) : this.words[layer];
        const named = layer === "incident" || this.element.dataset.around; // what stands in a city is named when one points at it
        const words = layer === "incident" ? `${said(type)} · ${own}` : `${own}: ${said(one.properties)}${km == null ? "" : ` · ${km} km`}${kind && layer === "exposed" ? ` (${said(kind)})` : ""}`;
        const looks = {
          incident: { symbol: SHAPES[severity], symbolSize: 18, itemStyle: { color: colour(`s${severity}`), borderColor: ink, borderWidth: 1 } },
          exposed: { symbol: "path://M0,0 L10,0 L5,9 Z", symbolSize: 14, itemStyle: { color: colour("seal"), borderColor: card, borderWidth: 1 } },
          force: { symbol: "path://M10,0 L12.4,7 L20,7.2 L14,11.8 L16.2,19 L10,14.8 L3.8,19 L6,11.8 L0,7.2 L7.6,7 Z", symbolSize: 17, itemStyle: { color: colour("accent"), borderColor: card, borderWidth: 1 } },
          stock: { symbol: "path://M4,0 h4 v4 h4 v4 h-4 v4 h-4 v-4 h-4 v-4 h4 Z", symbolSize: 15, itemStyle: { color: colour("accent"), borderColor: card, borderWidth: 1 } },
        }[layer];
        return { name: words, value: one.geometry.coordinates, told: words, id: layer === "incident" ? id : null, ...looks, label: { show: Boolean(named), formatter: layer === "incident" ? own : said(one.properties), position: side(one.geometry.coordinates[0]), color: ink, fontSize: 11, backgroundColor: card, padding: [1, 3] } };
      });
      return { type: "scatter", coordinateSystem: "geo", data, z: 6, cursor: "pointer" };
    }

    feature(code) { return this.areas.features.find((one) => one.properties.code === code)?.properties; }

    labelled(code) {
      const area = this.feature(code);
      return area ? said(area) + (area.incidents ? ` (${area.incidents})` : "") : "";
    }

    told(code) {
      const area = this.feature(code);
      return area ? `${said(area)} ${code}\n${this.words.incidents}: ${area.incidents} ${said(area.worst)}` : "";
    }

    clicked(event) {
      if (event.componentType === "geo") this.enter(event.name);
      else if (event.data?.id && this.element.dataset.open) location.assign(this.element.dataset.open.replace("IDENTIFIER", encodeURIComponent(event.data.id)));
    }

    // Into an area; on the page of a report the field is filled, whichever area it was.
    async enter(code) {
      const field = document.querySelector(this.element.dataset.picks ?? "#none");
      if (field) {
        field.value = code;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
      const before = this.within;
      this.within = code;
      await this.draw();
      if (field && !this.areas.features.length) { this.within = before; await this.draw(); }
    }

    trail() {
      const place = this.element.parentElement.querySelector(".trail");
      place.replaceChildren(...this.areas.around.flatMap((one, number, all) => {
        if (number === all.length - 1) return [document.createTextNode(said(one))];
        const button = document.createElement("button");
        Object.assign(button, { type: "button", textContent: said(one), title: this.words.up });
        button.addEventListener("click", () => { this.within = one.code; this.draw(); });
        return [button, document.createTextNode("›")];
      }));
    }
  }

  const grounds = new WeakMap();
  function find() {
    for (const element of document.querySelectorAll("[data-map]")) {
      if (grounds.has(element) || element.closest("details:not([open])")) continue;
      const ground = new Ground(element);
      grounds.set(element, ground);
      ground.start().catch((error) => { element.textContent = `${ground.words.empty} (${error.message})`; });
    }
  }

  document.addEventListener("DOMContentLoaded", find);
  document.addEventListener("htmx:afterSettle", (event) => {
    find();
    // What the lists show anew, the map draws anew.
    if (event.detail.target.id === "map-lists") grounds.get(document.querySelector("[data-map]"))?.draw();
  });
  document.addEventListener("toggle", find, true);
})();
