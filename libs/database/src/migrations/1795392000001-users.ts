import { type MigrationInterface, type QueryRunner, Table, type TableColumnOptions } from 'typeorm';

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

const moment = (name: string, isNullable = false): TableColumnOptions => ({
  name,
  type: 'varchar',
  length: '24',
  isNullable,
});
const text = (name: string, length: number, isNullable = false): TableColumnOptions => ({
  name,
  type: 'varchar',
  length: String(length),
  isNullable,
});
const identity: TableColumnOptions = {
  name: 'id',
  type: 'integer',
  isPrimary: true,
  isGenerated: true,
  generationStrategy: 'increment',
};

/** Roles with their seed, and accounts. */
export class Users1795392000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(rolesTable());
    await queryRunner.createTable(usersTable());
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
      identity,
      text('name', 20),
      { name: 'description', type: 'text', isNullable: true },
      { name: 'permissions', type: 'text' },
      moment('created_at'),
    ],
    indices: [{ name: 'uq_roles_name', columnNames: ['name'], isUnique: true }],
  });

const usersTable = (): Table =>
  new Table({
    name: 'users',
    columns: [
      identity,
      text('username', 50),
      text('email', 254),
      text('hashed_password', 100),
      text('hashed_api_key', 64, true),
      moment('api_key_created_at', true),
      moment('api_key_expires_at', true),
      moment('api_key_last_used_at', true),
      { name: 'is_active', type: 'boolean', default: false },
      { name: 'role_id', type: 'integer' },
      { name: 'token_version', type: 'integer', default: 0 },
      { ...text('subscription_tier', 16), default: "'basic'" },
      { name: 'initial_credits_micros', type: 'bigint', default: 0 },
      { name: 'billing_address', type: 'text', isNullable: true },
      { name: 'notes', type: 'text', isNullable: true },
      moment('created_at'),
      moment('last_login', true),
      moment('deleted_at', true),
    ],
    indices: [
      { name: 'uq_users_username', columnNames: ['username'], isUnique: true },
      { name: 'uq_users_email', columnNames: ['email'], isUnique: true },
      { name: 'uq_users_hashed_api_key', columnNames: ['hashed_api_key'], isUnique: true },
      { name: 'ix_users_role', columnNames: ['role_id'] },
    ],
    foreignKeys: [
      {
        name: 'fk_users_role',
        columnNames: ['role_id'],
        referencedTableName: 'roles',
        referencedColumnNames: ['id'],
      },
    ],
  });
