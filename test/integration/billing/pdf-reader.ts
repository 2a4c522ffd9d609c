import { inflateSync } from 'node:zlib';

/** The unpacked stream of an object; empty when it has none. */
function streamOf(object: string): string {
  const packed = /stream\n([\s\S]*?)\nendstream/.exec(object)?.[1];
  if (packed === undefined) return '';
  const bytes = Buffer.from(packed, 'latin1');
  return object.includes('/FlateDecode') ? inflateSync(bytes).toString('latin1') : packed;
}

const hexOf = (text: string): string[] =>
  [...text.matchAll(/<([0-9a-f\s]+)>/gi)].map(([, hex = '']) => hex.replaceAll(/\s/g, ''));
const lettersOf = (utf16: string): string => Buffer.from(utf16, 'hex').swap16().toString('utf16le');

/** What the glyphs of an embedded font stand for, from its own table; null for a font that every reader has. */
function glyphsOf(font: string, objects: ReadonlyMap<string, string>): readonly string[] | null {
  const table = /\/ToUnicode (\d+) 0 R/.exec(font)?.[1];
  if (table === undefined) return null;
  const ranges = [...streamOf(objects.get(table) ?? '').matchAll(/> \[([^\]]*)\]/g)];
  return ranges.flatMap(([, entries = '']) => hexOf(entries)).map(lettersOf);
}

/** All text of a PDF, a line for each that was drawn, as a reader's search would find it. */
export function textOf(pdf: Buffer): string {
  const binary = pdf.toString('latin1');
  const objects = new Map(
    [...binary.matchAll(/(\d+) 0 obj\n([\s\S]*?)\nendobj/g)].map(([, id = '', body = '']) => [id, body]),
  );
  const fonts = new Map(
    [...binary.matchAll(/\/(F\d+) (\d+) 0 R/g)].map(([, name = '', id = '']) => [
      name,
      glyphsOf(objects.get(id) ?? '', objects),
    ]),
  );
  let glyphs: readonly string[] | null = null;
  const decoded = (hex: string): string =>
    glyphs === null
      ? Buffer.from(hex, 'hex').toString('latin1')
      : (hex.match(/.{4}/g) ?? []).map((code) => glyphs?.[Number.parseInt(code, 16)] ?? '').join('');
  const lines: string[] = [];
  for (const line of [...objects.values()].flatMap((object) => streamOf(object).split('\n'))) {
    const font = /\/(F\d+) [\d.]+ Tf/.exec(line)?.[1];
    if (font !== undefined) glyphs = fonts.get(font) ?? null;
    if (line.endsWith('TJ')) lines.push(hexOf(line).map(decoded).join(''));
  }
  return lines.join('\n');
}
