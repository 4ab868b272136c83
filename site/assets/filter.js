// The ranking works without this: it adds a search by name and by district.
(function () {
  "use strict";
  var place = document.getElementById("filter");
  var body = document.querySelector("table.centers tbody");
  if (!place || !body) return;
  var rows = Array.prototype.map.call(body.rows, function (row) {
    return { row: row, name: row.cells[1].textContent.trim(), district: row.cells[2].textContent.trim() };
  });
  function add(tag, props, parent) {
    var element = document.createElement(tag);
    Object.keys(props).forEach(function (key) { element[key] = props[key]; });
    parent.appendChild(element);
    return element;
  }
  var label = add("label", { textContent: place.dataset.label }, place);
  var input = add("input", { type: "search", autocomplete: "off", id: "filter-name" }, label);
  var choice = add("label", { textContent: "区" }, place);
  var select = add("select", { id: "filter-district" }, choice);
  add("option", { value: "", textContent: place.dataset.all }, select);
  var seen = {};
  rows.forEach(function (r) { seen[r.district] = true; });
  Object.keys(seen).sort(function (a, b) { return a.localeCompare(b, "zh-CN"); }).forEach(function (name) {
    add("option", { value: name, textContent: name }, select);
  });
  var status = add("p", { className: "num" }, place);
  status.setAttribute("role", "status");
  function apply() {
    var words = input.value.trim().split(/\s+/);
    var shown = 0;
    rows.forEach(function (r) {
      var hit = (!select.value || r.district === select.value) && words.every(function (w) {
        return r.name.indexOf(w) >= 0 || r.district.indexOf(w) >= 0;
      });
      r.row.hidden = !hit;
      if (hit) shown += 1;
    });
    status.textContent = shown === 0 ? "没有符合的中心" : shown + " " + place.dataset.count;
  }
  input.addEventListener("input", apply);
  select.addEventListener("change", apply);
  place.className = "filter";
  document.querySelector(".jump").hidden = true; // the list of districts does more
  apply();
})();
