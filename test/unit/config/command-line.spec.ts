import { describe, expect, it } from '@jest/globals';
import { COMMANDS, parseCommandLine } from '#libs/config';

const empty = {
  command: ['serve'],
  positionals: [],
  flags: {},
  extras: {},
  help: false,
  version: false,
  faults: [],
};

describe('the command line', () => {
  it.each<[string, string, object]>([
    ['nothing serves', '', {}],
    ['flags alone serve', '--load_config config.json', { flags: { load_config: 'config.json' } }],
    ['a space before the value', '--port 9000', { flags: { port: '9000' } }],
    ['an equals sign before the value', '--port=9000', { flags: { port: '9000' } }],
    ['an equals sign inside the value', '--database_url=x=y', { flags: { database_url: 'x=y' } }],
    ['an empty value', '--model_path=', { flags: { model_path: '' } }],
    ['a switch alone', '--reload', { flags: { reload: true } }],
    ['a switch before a flag', '--reload --port 1', { flags: { reload: true, port: '1' } }],
    ['a switch with true', '--reload true', { flags: { reload: 'true' } }],
    ['a switch with false', '--use_gpu false', { flags: { use_gpu: 'false' } }],
    ['a switch with =false', '--use_gpu=false', { flags: { use_gpu: 'false' } }],
    ['a switch before the command', '--reload worker', { flags: { reload: true }, command: ['worker'] }],
    ['a negative number as value', '--port -5', { flags: { port: '-5' } }],
    ['a value that begins with a dash', '--admin_password=--x', { flags: { admin_password: '--x' } }],
    ['a single dash as value', '--output_file -', { flags: { output_file: '-' } }],
    [
      'a list of several words',
      '--correlated_instruments ^GSPC ^VIX --port 1',
      { flags: { correlated_instruments: '^GSPC,^VIX', port: '1' } },
    ],
    [
      'a list before the command',
      '--plugins a b plugins list',
      { command: ['plugins', 'list'], flags: { plugins: 'a,b' } },
    ],
    [
      'a list after the command',
      'worker --plugins serve b -- ',
      { command: ['worker'], flags: { plugins: 'serve,b' } },
    ],
    [
      'a list of one word in one token',
      '--plugins=a worker',
      { command: ['worker'], flags: { plugins: 'a' } },
    ],
    ['a command', 'worker --port 1', { command: ['worker'], flags: { port: '1' } }],
    ['a command of two words', 'audit verify', { command: ['audit', 'verify'] }],
    [
      'a command after flags',
      '--port 1 plugins list',
      { command: ['plugins', 'list'], flags: { port: '1' } },
    ],
    ['a positional', 'users create ann', { command: ['users', 'create'], positionals: ['ann'] }],
    [
      'a positional after the end of flags',
      'users create -- --ann',
      { command: ['users', 'create'], positionals: ['--ann'] },
    ],
    ['help', '--help', { help: true }],
    ['help in short', 'worker -h', { help: true, command: ['worker'] }],
    ['the version', '--version', { version: true }],
    ['an integer parameter', '--atr_period 14', { extras: { atr_period: 14 } }],
    ['a negative parameter', '--offset -5', { extras: { offset: -5 } }],
    ['a negative fraction', '--offset -.5', { extras: { offset: -0.5 } }],
    ['a fraction parameter', '--noise_std=0.3', { extras: { noise_std: 0.3 } }],
    ['an exponent', '--pip_cost 1e-5', { extras: { pip_cost: 1e-5 } }],
    ['a boolean parameter', '--use_stl False', { extras: { use_stl: false } }],
    ['a lone parameter', '--use_stl', { extras: { use_stl: true } }],
    [
      'a lone parameter before a flag',
      '--use_stl --port 1',
      { extras: { use_stl: true }, flags: { port: '1' } },
    ],
    ['a list parameter', '--feature_columns ["a","b"]', { extras: { feature_columns: ['a', 'b'] } }],
    ['a map parameter', '--data_files {"EURUSD":"e.csv"}', { extras: { data_files: { EURUSD: 'e.csv' } } }],
    ['a text parameter', '--csv_file bars.csv', { extras: { csv_file: 'bars.csv' } }],
    ['quoted digits as text', '--tag "5"', { extras: { tag: '5' } }],
    [
      'an integer too large to be exact',
      '--tag 12345678901234567890',
      { extras: { tag: '12345678901234567890' } },
    ],
    ['no value at all', '--csv_file null', { extras: { csv_file: null } }],
    [
      'creating a user by flag',
      '--create_user ann',
      { command: ['users', 'create'], flags: { create_user: 'ann' } },
    ],
    [
      'activating a user by flag',
      '--activate_user ann',
      { command: ['users', 'activate'], flags: { activate_user: 'ann' } },
    ],
    [
      'changing a password by flag',
      '--change_password --username ann',
      { command: ['users', 'reset-password'], flags: { change_password: true, username: 'ann' } },
    ],
    ['not changing a password', '--change_password false', { flags: { change_password: 'false' } }],
  ])('reads its arguments: %s', (_, line, expected) => {
    const { words, ...read } = parseCommandLine(line.split(' ').filter(Boolean));
    expect(read).toEqual({ ...empty, ...expected });
    expect(words.slice(words.length - read.positionals.length)).toEqual(read.positionals);
  });

  it.each<[string, string, RegExp]>([
    ['a flag without its value', '--port', /^--port needs a value: an integer from 0 to 65535$/],
    ['a flag whose value is a flag', '--port --reload', /^--port needs a value/],
    ['a repeated flag', '--port 1 --port=2', /^--port is given more than once$/],
    ['a repeated switch', '--reload --reload', /^--reload is given more than once$/],
    ['a repeated parameter', '--noise_std 1 --noise_std 1', /^--noise_std is given more than once$/],
    ['a shortened flag', '--data 5', /^--data is an abbreviation; .*--database_url/],
    ['dashes for underscores', '--load-config x', /^--load-config must be written --load_config$/],
    ['capitals', '--PORT 5', /^--PORT must be written --port$/],
    ['a list that is none', '--feature_columns [1,', /^--feature_columns: the value starts like JSON/],
    ['an object that is none', '--data_files {a}', /^--data_files: the value starts like JSON/],
    ['a parameter without a name', '--=5', /^-- is not a valid name/],
    ['the name of an object part', '--__proto__ 5', /^--__proto__ is not a valid name/],
    ['one dash', '-port 5', /^"-port" is not a flag; flags start with two dashes/],
    ['a stray number', '-5', /^"-5" is not expected here/],
    ['an unknown command', 'wroker', /^"wroker" is not a command; did you mean worker\?$/],
    ['a command nothing is like', 'xxxxxxxx', /^"xxxxxxxx" is not a command; commands are serve, worker/],
    [
      'half a command',
      'users',
      /^"users" must be followed by create, list, show, activate, .*, not by nothing/,
    ],
    ['a wrong half', 'users creat', /not by "creat"$/],
    ['too many arguments', 'users create ann bob', /^"bob" is not expected after "users create ann"$/],
    ['an argument of serve', 'serve now', /^"now" is not expected after "serve"$/],
  ])('refuses in its arguments: %s', (_, line, fault) => {
    expect(parseCommandLine(line.split(' ')).faults.filter((one) => fault.test(one))).toHaveLength(1);
  });

  it('collects several faults and still knows that help is wanted', () => {
    const { faults, help } = parseCommandLine(['wroker', '--port', '-x', '--help']);
    expect(faults).toHaveLength(3);
    expect(help).toBe(true);
  });

  it('knows every command of the list by its words', () => {
    for (const { name } of COMMANDS)
      expect(parseCommandLine(name.split(' '))).toMatchObject({ command: name.split(' '), faults: [] });
  });
});
