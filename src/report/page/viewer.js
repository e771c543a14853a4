// One photo, large: zoom and pan, the plain photo beside the marked one, marks, a note, and a ruler.
const viewer = $('viewer');
const panes = [$('plain'), $('marked')];
const MOST = 40;
let opened = 0, index = 0;
/** What both panes show: how much larger than fitting, and where the photo's middle lies, as a share of the photo. */
let zoom = 1, middle = [0.5, 0.5];

const pressed = (id, on) => $(id).setAttribute('aria-pressed', String(on));
const isPressed = id => $(id).getAttribute('aria-pressed') === 'true';
const markOfKey = key => ({ 0: '', 1: 'good', 2: 'poor', 3: 'redo' })[key];

function open(position) {
  if (!shown.length) return;
  opened = Math.min(Math.max(position, 0), shown.length - 1);
  index = shown[opened];
  const row = rows[index], photo = photoOf(index);
  if (!viewer.open) { viewer.showModal(); viewer.focus(); }
  endRuler();
  [zoom, middle] = [1, [0.5, 0.5]];
  $('viewer-name').textContent = row.path;
  $('place').textContent = say('n_of_all', { n: count(opened + 1), all: count(shown.length) });
  panes.forEach(pane => {
    const sheet = picture(index, make('div', 'sheet'));
    sheet.append(draw('svg', { class: 'ruler', viewBox: row.size ? `0 0 ${row.size.join(' ')}` : '0 0 1 1' }));
    pane.replaceChildren(sheet, make('div', 'scale'));
  });
  $('side-by-side').disabled = !photo;
  viewer.classList.toggle('two', isPressed('side-by-side') && Boolean(photo));
  $('fit').disabled = $('ruler').disabled = !row.size;
  $('note').value = reviews[index].note;
  showMark();
  facts(row);
  place();
}

/** Lays photo and outlines out; lines keep their width at any zoom, as they are drawn in the page's own pixels. */
function place() {
  const size = rows[index].size ?? [4, 3];
  for (const pane of panes) {
    if (!pane.clientWidth) continue;
    const fit = Math.min(pane.clientWidth / size[0], pane.clientHeight / size[1]);
    const [width, height] = size.map(length => length * fit * zoom);
    const bound = (share, length, room) => {
      const half = Math.min(room / length / 2, 0.5);
      return Math.min(Math.max(share, half), 1 - half);
    };
    middle = [bound(middle[0], width, pane.clientWidth), bound(middle[1], height, pane.clientHeight)];
    const sheet = pane.firstChild;
    Object.assign(sheet.style, {
      width: width + 'px', height: height + 'px',
      transform: `translate(${pane.clientWidth / 2 - middle[0] * width}px, ${pane.clientHeight / 2 - middle[1] * height}px)`,
    });
    scaleBar(pane, width / size[0]);
  }
}

/** A bar of a round number of millimetres, where the photo has a scale. */
function scaleBar(pane, pixelSize) {
  const bar = pane.lastChild, mm = reviews[index].mm;
  bar.hidden = !mm;
  if (!mm) return;
  const perMm = pixelSize / mm, most = Math.min(pane.clientWidth / 3, 240) / perMm;
  const power = 10 ** Math.floor(Math.log10(most));
  const length = power * (most / power >= 5 ? 5 : most / power >= 2 ? 2 : 1);
  bar.style.width = length * perMm + 'px';
  bar.textContent = number(length, 'mm');
}

/** Where in the photo a place of the window is, as a share of its width and height. */
function shareAt(pane, event) {
  const box = pane.firstChild.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

/** Zooms; what is under the pointer stays there. */
function zoomBy(factor, pane, event) {
  const to = Math.min(Math.max(zoom * factor, 1), MOST);
  if (pane) {
    const at = shareAt(pane, event);
    middle = middle.map((share, i) => at[i] - (at[i] - share) * zoom / to);
  }
  zoom = to;
  place();
}

const fit = () => { [zoom, middle] = [1, [0.5, 0.5]]; place(); };

for (const pane of panes) {
  pane.addEventListener('wheel', event => {
    event.preventDefault();
    zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), pane, event);
  }, { passive: false });
  pane.addEventListener('dblclick', event => { if (!measuring) zoom > 1.01 ? fit() : zoomBy(3, pane, event); });
  pane.addEventListener('pointerdown', event => {
    if (event.button || !rows[index].size) return;
    if (measuring) return addPoint(shareAt(pane, event));
    pane.setPointerCapture(event.pointerId);
    let [x, y] = [event.clientX, event.clientY];
    const drag = to => {
      const box = pane.firstChild.getBoundingClientRect();
      middle = [middle[0] - (to.clientX - x) / box.width, middle[1] - (to.clientY - y) / box.height];
      [x, y] = [to.clientX, to.clientY];
      place();
    };
    const end = () => { pane.removeEventListener('pointermove', drag); pane.classList.remove('dragged'); };
    pane.classList.add('dragged');
    pane.addEventListener('pointermove', drag);
    pane.addEventListener('pointerup', end, { once: true });
    pane.addEventListener('pointercancel', end, { once: true });
  });
}
new ResizeObserver(() => { if (viewer.open) place(); }).observe(panes[1]);

// The ruler: two clicks and a length give the scale of the photo.
let measuring = false, points = [];
function startRuler() {
  measuring = true;
  points = [];
  pressed('ruler', true);
  viewer.classList.add('measuring');
  $('hint').textContent = say('ruler_hint');
  $('hint').hidden = false;
  $('length').hidden = true;
  drawRuler();
}
function endRuler() {
  measuring = false;
  points = [];
  pressed('ruler', false);
  viewer.classList.remove('measuring');
  if ($('length').contains(document.activeElement)) viewer.focus();
  $('hint').hidden = $('length').hidden = true;
  drawRuler();
}
function addPoint(share) {
  if (points.length === 2) points = [];
  points.push(share.map((part, i) => part * rows[index].size[i]));
  drawRuler();
  const both = points.length === 2;
  $('length').hidden = !both;
  $('hint').hidden = both;
  if (both) setTimeout(() => $('mm').select());
}
function drawRuler() {
  for (const pane of panes) {
    const svg = pane.querySelector('.ruler');
    if (!svg) continue;
    svg.replaceChildren();
    if (points.length < 2 && !points.length) continue;
    const d = points.map(([x, y], i) => `${i ? 'L' : 'M'}${x} ${y}`).join('') + (points.length < 2 ? 'h0' : '');
    svg.append(draw('path', { d, class: 'casing' }), draw('path', { d, class: 'line' }));
  }
}
$('length').addEventListener('submit', event => {
  event.preventDefault();
  const [[x1, y1], [x2, y2]] = points, length = Math.hypot(x2 - x1, y2 - y1);
  if (!(+$('mm').value > 0) || length < 1) return;
  keep(index, { mm: +$('mm').value / length });
  endRuler();
  facts(rows[index]);
  place();
});

/** The figures of the photo, in words. */
function facts(row) {
  const table = make('table'), body = make('tbody');
  const add = (name, value) => {
    const line = make('tr'), head = make('th', '', name);
    head.scope = 'row';
    line.append(head, make('td', '', value));
    body.append(line);
    return line;
  };
  const mm = reviews[index].mm, area = valueOf(row, 'lesion_px');
  if (row.subject) add(say('patient'), row.subject);
  if (row.status !== 'done') add(say('state'), say('status.' + row.status));
  if (row.cause) add(say('cause'), row.cause);
  if (row.message) add(say('message'), row.message);
  // What the ruler says here stands in for what the results say.
  const isShown = (key, unit) => key !== 'megapixels' && !(mm && unit.startsWith('mm'));
  columns.forEach(([key, name, unit], i) => { if (row.values[i] !== null && isShown(key, unit)) add(name, number(row.values[i], unit)); });
  if (mm && area !== null) add(say('area_mm2'), number(area * mm * mm, 'mm²'));
  if (row.size) add(say('photo_size'), `${row.size[0]} × ${row.size[1]} px`);
  if (mm) {
    const remove = make('button', '', '✕');
    remove.type = 'button';
    remove.title = say('remove_scale');
    remove.onclick = () => { keep(index, { mm: null }); facts(row); place(); };
    add(say('scale'), number(mm, 'mm/px')).lastChild.append(' ', remove);
  }
  for (const kind of kinds) {
    const own = row.labels.filter(i => labels[i][0] === kind).map(i => labels[i][1]);
    if (own.length) add(kind, own.join(', '));
  }
  for (const [model, chances] of row.said) add(model, chances);
  table.append(body);
  $('facts').replaceChildren(table);
}

for (const [mark, sign] of MARKS) {
  const button = make('button', mark);
  button.type = 'button';
  button.setAttribute('role', 'radio');
  button.dataset.mark = mark;
  button.title = say('mark_means.' + mark);
  button.append(make('b', '', sign), ' ' + say('mark.' + mark) + ' ', make('kbd', '', String(MARKS.findIndex(([name]) => name === mark) + 1)));
  button.onclick = () => setMark(reviews[index].mark === mark ? '' : mark);
  $('marks').append(button);
}
function showMark() {
  for (const button of $('marks').children) button.setAttribute('aria-checked', String(button.dataset.mark === reviews[index].mark));
}
function setMark(mark) {
  keep(index, { mark });
  refresh(index);
  showMark();
  if (mark && $('advance').checked) open(opened + 1);
}
$('note').addEventListener('input', () => { keep(index, { note: $('note').value.trim() }); refresh(index); });

// What is drawn on the photo: the legend says it and switches it.
const LAYERS = [['lesion', 'l'], ['truth', 't'], ['skin', 's'], ['fill', 'f']];
function legend(into) {
  const has = { lesion: true, fill: true, skin: outlines.some(o => o?.[3]), truth: outlines.some(o => o?.[4]) };
  for (const [layer, key] of LAYERS.filter(([layer]) => has[layer])) {
    const button = make('button', 'layer ' + layer, say('layer.' + layer));
    button.type = 'button';
    button.dataset.layer = layer;
    button.title = say('layer_hint', { key });
    button.onclick = () => toggleLayer(layer);
    into.append(button);
    if (layer === 'lesion') into.append(...lesionKinds.map(([name, colour]) => {
      const kind = make('span', 'kind', name);
      kind.style.setProperty('--line', colour);
      return kind;
    }));
  }
}
function toggleLayer(layer) {
  document.body.classList.toggle('show-' + layer);
  showLayers();
  keepView();
}
function showLayers() {
  for (const button of document.querySelectorAll('.layer')) {
    button.setAttribute('aria-pressed', String(document.body.classList.contains('show-' + button.dataset.layer)));
  }
}
legend($('legend'));
legend($('viewer-legend'));
showLayers();

const KEYS = [
  ['← →', 'previous_next'], ['1 2 3', 'keys_mark'], ['0', 'keys_unmark'], ['n', 'keys_note'], ['␣', 'keys_peek'],
  ['l t s f', 'keys_layers'], ['b', 'side_by_side'], ['+ −', 'keys_zoom'], ['x', 'fit'], ['r', 'ruler'], ['Esc', 'close'],
];
$('keys').append(make('h3', '', say('keys')), ...KEYS.map(([keys, meaning]) => {
  const line = make('p');
  line.append(...keys.split(' ').map(key => make('kbd', '', key)), ' ' + say(meaning));
  return line;
}));
const toggleHelp = () => { $('keys').hidden = !$('keys').hidden; };
const toggleSides = () => {
  pressed('side-by-side', !isPressed('side-by-side'));
  viewer.classList.toggle('two', isPressed('side-by-side') && !$('side-by-side').disabled);
  place();
  keepView();
};

// How somebody likes to look stays for the next photo, page and day.
const VIEW = 'derm-seg view';
function keepView() {
  const layers = LAYERS.map(([layer]) => layer).filter(layer => document.body.classList.contains('show-' + layer));
  try { storage?.setItem(VIEW, JSON.stringify({ layers, sides: isPressed('side-by-side'), advance: $('advance').checked })); } catch { storage = null; }
}
function takeView() {
  let view;
  try { view = JSON.parse(storage?.getItem(VIEW) ?? 'null'); } catch { view = null; }
  if (!view) return;
  for (const [layer] of LAYERS) document.body.classList.toggle('show-' + layer, Boolean(view.layers?.includes(layer)));
  pressed('side-by-side', Boolean(view.sides));
  $('advance').checked = Boolean(view.advance);
  showLayers();
}
takeView();
$('advance').addEventListener('change', keepView);

viewer.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches('input:not([type=checkbox])')) {
    // Escape leaves a field first, then the viewer.
    if (event.key === 'Escape' || (event.key === 'Enter' && event.target.id === 'note')) { event.preventDefault(); event.target.blur(); viewer.focus(); }
    return;
  }
  if (event.key === ' ' && event.target.matches('input')) return;
  const mark = markOfKey(event.key), layer = LAYERS.find(([, key]) => key === event.key)?.[0];
  const act = {
    ArrowLeft: () => open(opened - 1), ArrowRight: () => open(opened + 1), Home: () => open(0), End: () => open(shown.length - 1),
    n: () => $('note').focus(), b: toggleSides, x: fit, '+': () => zoomBy(1.5), '=': () => zoomBy(1.5), '-': () => zoomBy(1 / 1.5),
    r: () => (measuring ? endRuler() : startRuler()), '?': toggleHelp, ' ': () => document.body.classList.add('peek'),
    Escape: measuring ? endRuler : $('keys').hidden ? null : toggleHelp,
  }[event.key];
  if (mark !== undefined) setMark(mark);
  else if (layer) toggleLayer(layer);
  else if (act) act();
  else return;
  event.preventDefault();
});
addEventListener('keyup', event => { if (event.key === ' ') document.body.classList.remove('peek'); });
// The browser gives the focus back to the photo that was opened first; the last one is what was looked at.
viewer.addEventListener('close', () => { document.body.classList.remove('peek'); move(opened); });
$('previous').onclick = () => open(opened - 1);
$('next').onclick = () => open(opened + 1);
$('fit').onclick = fit;
$('side-by-side').onclick = toggleSides;
$('ruler').onclick = () => (measuring ? endRuler() : startRuler());
$('help').onclick = toggleHelp;
$('close').onclick = () => viewer.close();
// A button that was clicked would take the space bar.
viewer.addEventListener('click', event => { if (event.target.closest('button')) viewer.focus(); });
