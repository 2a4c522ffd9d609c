import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { AppError } from '#libs/kernel';
import { parseJsonBody, faultInJson } from '../../../src/app/http/json-text.js';

const parse = (text: string): unknown => parseJsonBody(Buffer.from(text));

function faultOf(work: () => unknown) {
  try {
    work();
  } catch (error) {
    const violation = (error as AppError).violations[0];
    return [violation?.type, violation?.loc[1], violation?.ctx?.['error']];
  }
  return null;
}

describe('a JSON body', () => {
  it.each([
    ['', 0, 'Expecting value'],
    ['{', 1, 'Expecting property name enclosed in double quotes'],
    ['{"a"', 4, "Expecting ':' delimiter"],
    ['{"a" 1}', 5, "Expecting ':' delimiter"],
    ['{"a": }', 6, 'Expecting value'],
    ['{"a": 1 "b": 2}', 8, "Expecting ',' delimiter"],
    ['[1, 2', 5, "Expecting ',' delimiter"],
    ['[1, ]', 4, 'Expecting value'],
    ['"abc', 0, 'Unterminated string starting at'],
    ['{"a": "x\ny"}', 8, 'Invalid control character at'],
    ['{"a": "\\x"}', 7, 'Invalid \\escape'],
    ['{"a": 01}', 7, "Expecting ',' delimiter"],
    ['[1] [2]', 4, 'Extra data'],
    ['{"ü": tru}', 6, 'Expecting value'],
    ["{'a': 1}", 1, 'Expecting property name enclosed in double quotes'],
  ])('%j is refused at character %i', (text, offset, message) => {
    expect(faultOf(() => parse(text))).toEqual(['json_invalid', offset, message]);
  });

  it('finds a fault in whatever JSON.parse refuses', () => {
    const spoiled = fc.tuple(
      fc.json(),
      fc.nat(40),
      fc.constantFrom('', '"', '{', ']', ',', '\\', 'x', '\u0001'),
    );
    fc.assert(
      fc.property(spoiled, ([json, at, character]) => {
        const text = json.slice(0, at) + character + json.slice(at + 1);
        const { offset } = faultInJson(text);
        const prefix = text.slice(0, offset);
        // A text that is JSON ends without a fault before its end; another one has its fault inside.
        return isJson(text)
          ? offset === text.length
          : offset <= text.length && (offset < text.length || !isJson(prefix));
      }),
      { numRuns: 2000 },
    );
  });

  it('is refused when it is not UTF-8 or nested too deep; brackets in texts do not count', () => {
    expect(faultOf(() => parseJsonBody(Buffer.from([0x22, 0xff, 0x22])))).toEqual([
      'json_invalid',
      0,
      'Invalid UTF-8',
    ]);
    expect(parse(`${'['.repeat(64)}${']'.repeat(64)}`)).toBeInstanceOf(Array);
    expect(faultOf(() => parse(`${'['.repeat(65)}${']'.repeat(65)}`))?.[1]).toBe(64);
    expect(parse(JSON.stringify({ a: '[\\"['.repeat(100) }))).toEqual({ a: '[\\"['.repeat(100) });
  });

  it('is refused with more members than anyone needs, in one object or many; each item of a list may have as many', () => {
    const members = (count: number) => `{${Array.from({ length: count }, (_, i) => `"k${i}":1`).join(',')}}`;
    expect(Object.keys(parse(members(10_000)) as object)).toHaveLength(10_000);
    expect(faultOf(() => parse(members(10_001)))?.[2]).toBe('More than 10000 members of objects');
    expect(parse(` [${members(6000)},${members(6000)}]`)).toHaveLength(2);
    expect(faultOf(() => parse(`{"a":${members(6000)},"b":${members(6000)}}`))?.[2]).toMatch(
      /^More than 10000/,
    );
    expect(faultOf(() => parse(`[[${members(6000)},${members(6000)}]]`))?.[2]).toMatch(/^More than 10000/);
    expect(parse(JSON.stringify({ a: ':'.repeat(20_000) }))).toEqual({ a: ':'.repeat(20_000) });
  });

  it('loses members of the name __proto__, at any depth, and nothing else', () => {
    const text = '{"a":[{"__proto__":{"x":1},"b":2}],"\\u005f_proto__":3,"c":{"__proto__":null}}';
    expect(JSON.stringify(parse(text))).toBe('{"a":[{"b":2}],"c":{}}');
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
