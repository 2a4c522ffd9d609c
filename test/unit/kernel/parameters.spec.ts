import { describe, expect, it } from '@jest/globals';
import { allowed, checkParameter, checkParameters, type ParameterDeclaration } from '#libs/kernel';

const port: ParameterDeclaration = { type: 'integer', default: 8000, min: 1, max: 65535, help: 'TCP port' };
const token: ParameterDeclaration = {
  type: 'string',
  default: null,
  minLength: 8,
  help: 'a token',
  secret: true,
};

describe('declared parameters', () => {
  it('coerces text from flags and the environment', () => {
    expect(checkParameter(port, '9000')).toEqual({ value: 9000 });
    expect(checkParameter({ type: 'boolean', default: false, help: '' }, 'true')).toEqual({ value: true });
    expect(checkParameter({ type: 'list', default: [], help: '' }, '["a"]')).toEqual({ value: ['a'] });
  });

  it.each([['0'], ['65536'], ['80.5'], [''], ['abc'], [NaN], [true]])(
    'refuses %p as a port and says what is allowed',
    (raw) => {
      expect(checkParameter(port, raw)).toEqual({
        fault: expect.stringContaining('an integer from 1 to 65535'),
      });
    },
  );

  it('never repeats the value of a secret', () => {
    expect(JSON.stringify(checkParameter(token, 'hunter2'))).not.toContain('hunter2');
  });

  it('allows null only where null is the default', () => {
    expect(checkParameter(token, null)).toEqual({ value: null });
    expect(checkParameter(port, null)).toEqual({ fault: expect.stringContaining('must not be null') });
  });

  it('reports every fault of a set together and fills defaults', () => {
    const { values, faults } = checkParameters(
      { port, token, host: { type: 'string', default: 'h', help: '' } },
      { port: 'x', token: 'y' },
    );
    expect(faults).toHaveLength(2);
    expect(values).toMatchObject({ host: 'h' });
  });

  it('takes a list of one type from JSON or from text with commas, and nothing of another type', () => {
    const list: ParameterDeclaration = { type: 'list', items: 'integer', default: [], help: '' };
    expect(checkParameter(list, '1, 2')).toEqual({ value: [1, 2] });
    expect(checkParameter(list, '[1,2]')).toEqual({ value: [1, 2] });
    expect(checkParameter(list, '')).toEqual({ value: [] });
    for (const raw of ['1,a', '[1,"2"]', [1.5], '1;2']) {
      expect(checkParameter(list, raw)).toEqual({ fault: expect.stringContaining('a list of integers') });
    }
  });

  it('checks the values of a map of one type', () => {
    const map: ParameterDeclaration = { type: 'map', items: 'string', default: {}, help: '' };
    expect(checkParameter(map, '{"a":"b"}')).toEqual({ value: { a: 'b' } });
    expect(checkParameter(map, { a: 1 })).toEqual({
      fault: expect.stringContaining('whose values are texts'),
    });
  });

  it('finds the declared spelling without regard to case only where that is declared', () => {
    const level: ParameterDeclaration = {
      type: 'string',
      default: 'INFO',
      oneOf: ['INFO'],
      ignoreCase: true,
      help: '',
    };
    expect(checkParameter(level, 'info')).toEqual({ value: 'INFO' });
    expect(checkParameter({ ...level, ignoreCase: false }, 'info')).toHaveProperty('fault');
  });

  it('describes ranges in words', () => {
    expect(allowed(port)).toBe('an integer from 1 to 65535');
  });
});
