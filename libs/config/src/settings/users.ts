import type { ParameterDeclarations } from '#libs/kernel';

/** User management from the command line: `users create | activate | reset-password`. */
export const USER_SETTINGS = {
  create_user: {
    type: 'string',
    default: null,
    minLength: 3,
    maxLength: 50,
    help: 'Name of the account to create; the same as `users create NAME`.',
  },
  username: {
    type: 'string',
    default: null,
    minLength: 1,
    maxLength: 50,
    help: 'Account a `users` command acts on; also the user name for the remote addresses.',
  },
  email: {
    type: 'string',
    default: null,
    minLength: 3,
    maxLength: 254,
    help: 'E-mail address of the account to create.',
  },
  role: {
    type: 'string',
    default: 'client',
    oneOf: ['client', 'provider', 'evaluator', 'operator', 'administrator', 'admin', 'guest'],
    help: 'Role of the account to create.',
  },
  activate_user: {
    type: 'string',
    default: null,
    minLength: 1,
    maxLength: 50,
    help: 'Name of the account to activate; the same as `users activate NAME`.',
  },
  change_password: {
    type: 'boolean',
    default: false,
    help: 'Change the password of `username`; the same as `users reset-password NAME`.',
  },
  old_password: {
    type: 'string',
    default: null,
    minLength: 1,
    secret: true,
    help: 'Present password, when it is to be checked before the change.',
  },
  new_password: {
    type: 'string',
    default: null,
    minLength: 8,
    secret: true,
    help: 'New password. Not set: a random one is printed once. Prefer the environment: other users of the machine can see flags.',
  },
} as const satisfies ParameterDeclarations;
