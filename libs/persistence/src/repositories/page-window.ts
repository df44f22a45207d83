import type { Page, PageRequest } from '#kernel';
import { decodeCursor, encodeCursor } from './cursor.js';

/** Which way a connection is sorted; ids are UUIDv7, so by time of creation. */
export type SortOrder = 'oldest-first' | 'newest-first';

/** What a page request means for the query. */
export interface PageWindow {
  readonly size: number;
  readonly backward: boolean;
  /** The direction in which rows are read; a backward page is turned round afterwards. */
  readonly direction: 'asc' | 'desc';
  /** Conditions that the cursors put on the key. */
  readonly bounds: readonly Readonly<Record<string, unknown>>[];
}

/**
 * Reads a page request; the caller has checked its bounds.
 * @throws DomainError BAD_USER_INPUT for a cursor that is not ours.
 */
export function pageWindow(request: PageRequest, order: SortOrder): PageWindow {
  const backward = request.last !== undefined && request.last !== null;
  const [later, earlier] = order === 'oldest-first' ? ['$gt', '$lt'] : ['$lt', '$gt'];
  const bounds: Record<string, unknown>[] = [];
  if (request.after) bounds.push({ id: { [later]: decodeCursor(request.after, 'after') } });
  if (request.before) bounds.push({ id: { [earlier]: decodeCursor(request.before, 'before') } });
  return {
    size: (backward ? request.last : request.first) ?? 0,
    backward,
    direction: (order === 'oldest-first') !== backward ? 'asc' : 'desc',
    bounds,
  };
}

/** Makes a page of rows that were read in the window's direction, up to one more than its size. */
export function toPage<T extends { id: string }>(
  rows: readonly T[],
  window: PageWindow,
  request: PageRequest,
): Page<T> {
  const more = rows.length > window.size;
  const items = rows.slice(0, window.size);
  if (window.backward) items.reverse();
  return {
    items: items.map((node) => ({ node, cursor: encodeCursor(node.id) })),
    hasNextPage: window.backward ? Boolean(request.before) : more,
    hasPreviousPage: window.backward ? more : Boolean(request.after),
  };
}
