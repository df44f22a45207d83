import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { abilityFor, can } from '#authz';
import { visibilities } from '#contracts';
import { actorFor, expectedCells, matrixFile, matrixRoles, objectFor, relations, renderMatrix } from './matrix.js';

describe('the matrix of roles', () => {
  const cells = expectedCells();

  it('covers what was promised', () => {
    // 6 roles × 8 types × 5 actions × 3 visibilities × 3 relations; types without a visibility have one line in its place.
    expect(cells.length).toBeGreaterThanOrEqual(6 * 8 * 5 * 3 * 3);
    expect(matrixRoles.length).toBeGreaterThanOrEqual(6);
    expect(relations).toHaveLength(3);
    expect(new Set(cells.map((cell) => cell.type)).size).toBeGreaterThanOrEqual(8);
    expect(new Set(cells.map((cell) => cell.action)).size).toBeGreaterThanOrEqual(5);
    expect(cells.map((cell) => cell.variant)).toEqual(expect.arrayContaining([...visibilities]));
  });

  it('is what the rules say, cell by cell', () => {
    const wrong = cells.filter(
      (cell) => can(abilityFor(actorFor(cell.role)), cell.action, cell.type, objectFor(cell)) !== cell.allowed,
    );
    expect(wrong).toEqual([]);
  });

  it('is committed as it is generated', () => {
    expect(readFileSync(matrixFile, 'utf8')).toBe(renderMatrix());
  });
});
