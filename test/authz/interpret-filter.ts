/**
 * A small reading of MikroORM's `where`, written apart from CASL's, so that the two can be compared: equality, `$in`,
 * `$ne`, `$or`, a relation to one row as a nested object, a relation to many rows as `$some`. Like SQL, a comparison
 * with null is never true.
 */
export function meetsFilter(row: unknown, filter: unknown): boolean {
  return entries(filter).every(([key, test]) => {
    if (key === '$or') return (test as readonly unknown[]).some((branch) => meetsFilter(row, branch));
    return meetsTest((row as Record<string, unknown>)[key], test);
  });
}

const entries = (tree: unknown): [string, unknown][] => Object.entries(tree as Record<string, unknown>);

function meetsTest(value: unknown, test: unknown): boolean {
  if (value === null || value === undefined) return false;
  if (typeof test === 'string') return value === test;
  return entries(test).every(([operator, operand]) => {
    switch (operator) {
      case '$in':
        return (operand as readonly unknown[]).includes(value);
      case '$ne':
        return value !== operand;
      case '$some':
        return (value as readonly unknown[]).some((row) => meetsFilter(row, operand));
      default:
        if (operator.startsWith('$')) throw new Error(`The test reads no ${operator}.`);
        return meetsFilter(value, { [operator]: operand });
    }
  });
}
