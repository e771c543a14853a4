// What the page holds, and the small tools that every part of it uses.
'use strict';
const $ = id => document.getElementById(id);
const read = id => JSON.parse($(id).textContent);
const words = read('words');
const language = document.documentElement.lang;
/** A sentence in the language of the page; {name} in it is filled in. */
const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const { columns, labels, rows: lines, kinds: lesionKinds } = read('data');
const rows = lines.map(([path, status, cause, message, labels, values, size, id, subject, said]) =>
  ({ path, status, cause, message, labels, values, size, id, subject, said }));
const outlines = read('outlines');

const make = (tag, className, text) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};
const draw = (tag, attributes) => {
  const element = document.createElementNS($('blank').namespaceURI, tag);
  for (const name in attributes) element.setAttribute(name, attributes[name]);
  return element;
};
const count = number => number.toLocaleString(language);
const number = (value, unit) => {
  if (value === null || value === undefined) return '–';
  const digits = Number.isInteger(value) ? 0 : Math.abs(value) >= 100 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  const text = value.toLocaleString(language, { maximumFractionDigits: digits });
  return unit ? text + '\u202f' + unit : text;
};
const columnAt = key => columns.findIndex(column => column[0] === key);
const valueOf = (row, key) => row.values[columnAt(key)] ?? null;
const fileName = path => path.slice(path.lastIndexOf('/') + 1);
const folderOf = path => path.slice(0, Math.max(path.lastIndexOf('/'), 0));

/** The photo as an address, or nothing where the page does not hold it. */
const photoOf = i => { const bytes = $('photo-' + i)?.textContent; return bytes && 'data:image/jpeg;base64,' + bytes; };

function describe(row) {
  if (row.status !== 'done') return `${row.path}: ${say('status.' + row.status)}, ${row.cause}`;
  const found = valueOf(row, 'lesions');
  const share = valueOf(row, 'skin_share') ?? valueOf(row, 'frame_share');
  return row.path + ': ' + (found ? say('some_lesions', { n: count(found), share: number(share, '%') }) : say('no_lesion'));
}

/** The outlines of a photo as a drawing of its shape: of skin, of the lesions and their kinds, and of the reference. */
function outline(i) {
  const [width, height, lesion, skin, truth, later] = outlines[i];
  const svg = draw('svg', { viewBox: `0 0 ${width} ${height}`, class: 'outline', 'aria-hidden': 'true' });
  const kinds = [lesion, ...later].map((d, kind) => ['lesion', d, lesionKinds[kind]?.[1]]);
  for (const [name, d, colour] of [['skin', skin], ...kinds, ['truth', truth]]) {
    if (!d) continue;
    const group = draw('g', { class: name });
    if (colour) group.style.setProperty('--lesion', colour);
    // A dark line below a bright one: seen on red, pale and dark skin.
    for (const part of ['fill', 'casing', 'line']) group.append(draw('path', { d, class: part }));
    svg.append(group);
  }
  return svg;
}

/** The photo with its outlines; the mask on dark ground where there is no photo. */
function picture(i, into) {
  into.replaceChildren();
  const photo = photoOf(i);
  into.classList.toggle('bare', !photo);
  if (photo) {
    const image = make('img');
    image.decoding = 'async';
    image.draggable = false;
    image.alt = describe(rows[i]);
    image.src = photo;
    into.append(image);
  }
  if (outlines[i]) into.append(outline(i));
  else into.append(make('p', '', rows[i].status === 'done' ? say('mask_not_found') : `${say('status.' + rows[i].status)}: ${rows[i].cause}`));
  return into;
}
