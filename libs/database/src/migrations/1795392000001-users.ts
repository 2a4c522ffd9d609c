import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import {
  bigint,
  boolean,
  index,
  int,
  json,
  longText,
  reference,
  serialId,
  unique,
  utc,
  varchar,
} from './columns.js';

/** Every permission key; information for clients, routes name the roles they admit. */
const ALL: readonly string[] = [
  'can_predict',
  'can_set_pricing',
  'can_process_queue',
  'can_view_logs',
  'can_manage_users',
  'can_manage_system',
  'can_access_admin_endpoints',
];

/** Name, description and granted permissions of each role, in the order of their ids. */
const ROLES: readonly (readonly [string, string, readonly string[]])[] = [
  ['administrator', 'Everything, with user management and oversight of billing', ALL],
  ['admin', 'The same as administrator', ALL],
  ['provider', 'Sets prices for models and sees what they earn', ['can_predict', 'can_set_pricing']],
  ['client', 'Requests predictions, sees own data and spending', ['can_predict']],
  ['evaluator', 'Claims and computes marketplace requests', ['can_predict', 'can_process_queue']],
  ['operator', 'Watches logs and usage', ['can_predict', 'can_view_logs', 'can_access_admin_endpoints']],
  ['guest', 'Predicts and sees own data', ['can_predict']],
];

/** Roles with their seed, and accounts. */
export class Users1795392000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(rolesTable());
    await queryRunner.createTable(usersTable(queryRunner));
    const now = new Date().toISOString();
    for (const [name, description, granted] of ROLES) {
      const permissions = JSON.stringify(Object.fromEntries(ALL.map((key) => [key, granted.includes(key)])));
      await queryRunner.manager.query(
        `INSERT INTO roles (name, description, permissions, created_at)
         VALUES ('${name}', '${description}', '${permissions}', '${now}')`,
      );
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('users');
    await queryRunner.dropTable('roles');
  }
}

const rolesTable = (): Table =>
  new Table({
    name: 'roles',
    columns: [
      serialId(),
      varchar('name', 20),
      longText('description', { isNullable: true }),
      json('permissions'),
      utc('created_at'),
    ],
    indices: [unique('uq_roles_name', ['name'])],
  });

const usersTable = (queryRunner: QueryRunner): Table =>
  new Table({
    name: 'users',
    columns: [
      serialId(),
      varchar('username', 50),
      varchar('email', 254),
      varchar('hashed_password', 100),
      varchar('hashed_api_key', 64, { isNullable: true }),
      utc('api_key_created_at', { isNullable: true }),
      utc('api_key_expires_at', { isNullable: true }),
      utc('api_key_last_used_at', { isNullable: true }),
      boolean(queryRunner, 'is_active', { default: false }),
      int('role_id'),
      int('token_version', { default: 0 }),
      varchar('subscription_tier', 16, { default: "'basic'" }),
      bigint('initial_credits_micros', { default: 0 }),
      json('billing_address', { isNullable: true }),
      longText('notes', { isNullable: true }),
      utc('created_at'),
      utc('last_login', { isNullable: true }),
      utc('deleted_at', { isNullable: true }),
    ],
    indices: [
      unique('uq_users_username', ['username']),
      unique('uq_users_email', ['email']),
      unique('uq_users_hashed_api_key', ['hashed_api_key']),
      index('ix_users_role', ['role_id']),
    ],
    foreignKeys: [reference('fk_users_role', 'role_id', 'roles')],
  });
