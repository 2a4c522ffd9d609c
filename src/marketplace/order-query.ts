import type { SelectQueryBuilder } from 'typeorm';
import type { OrderEntity } from './order.entity.js';

export type OrderQueryBuilder = SelectQueryBuilder<OrderEntity>;

/** Of an order in a list only what it says is read, for the rest of a row is large. */
export const columns = (fields: readonly (keyof OrderEntity)[]) => fields.map((field) => `o.${field}`);

export const direction = (order: 'asc' | 'desc') => (order === 'asc' ? 'ASC' : 'DESC');

export const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

/** Orders with these values; null and undefined allow any. */
export function having(
  query: OrderQueryBuilder,
  values: Partial<Record<keyof OrderEntity, string | number | null | undefined>>,
): OrderQueryBuilder {
  for (const [column, value] of Object.entries(values))
    if (value !== null && value !== undefined)
      query.andWhere(`o.${column} = :${column}`, { [column]: value });
  return query;
}

/** Orders between two values, both included; undefined is no limit. */
export function between<T extends string | number>(
  query: OrderQueryBuilder,
  column: keyof OrderEntity,
  min?: T,
  max?: T,
): OrderQueryBuilder {
  if (min !== undefined) query.andWhere(`o.${column} >= :min_${column}`, { [`min_${column}`]: min });
  if (max !== undefined) query.andWhere(`o.${column} <= :max_${column}`, { [`max_${column}`]: max });
  return query;
}

/**
 * A column that is compared but not looked up by: nearly all that waits is younger than its end, and a planner without
 * statistics would take the index of ends and sort the whole queue.
 */
export const unsought = (column: string): string => `COALESCE(${column}, '')`;
