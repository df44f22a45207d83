// Compares schema.graphql with the same file at the base commit and fails on a breaking change.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { BreakingChangeType, buildSchema, findBreakingChanges, isInterfaceType, isObjectType } from 'graphql';

/** Fields that the old schema had already marked `@deprecated`: removing those is the announced end, not a break. */
function deprecatedFields(schema) {
  const types = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) || isInterfaceType(type));
  return new Set(
    types.flatMap((type) =>
      Object.values(type.getFields())
        .filter((field) => field.deprecationReason !== undefined && field.deprecationReason !== null)
        .map((field) => `${type.name}.${field.name}`),
    ),
  );
}

/**
 * What breaks clients of the old schema, one sentence each.
 * @param {string} oldText schema definition language before
 * @param {string} newText and after
 * @returns {string[]}
 */
function breakingChanges(oldText, newText) {
  const oldSchema = buildSchema(oldText);
  const deprecated = deprecatedFields(oldSchema);
  return findBreakingChanges(oldSchema, buildSchema(newText))
    .filter(
      ({ type, description }) =>
        !(type === BreakingChangeType.FIELD_REMOVED && deprecated.has(description.split(' ')[0])),
    )
    .map(({ type, description }) => `${type}: ${description}`);
}

const git = (...args) => {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return null;
  }
};

/** The commit to compare with: the argument, else where this branch left the main line, else the parent commit. */
function baseCommit(argument) {
  if (argument) return git('rev-parse', '--verify', `${argument}^{commit}`)?.trim() ?? null;
  const head = git('rev-parse', 'HEAD')?.trim();
  for (const main of ['origin/main', 'main']) {
    const base = git('merge-base', main, 'HEAD')?.trim();
    if (base && base !== head) return base;
  }
  return git('rev-parse', '--verify', 'HEAD^')?.trim() ?? null;
}

function main() {
  const argument = process.argv[2];
  const base = baseCommit(argument);
  if (argument && !base) {
    console.error(`schema:breaking: ${argument} is not a commit.`);
    return 2;
  }
  const baseline = base ? git('show', `${base}:schema.graphql`) : null;
  if (baseline === null) {
    console.log(
      `schema:breaking: no baseline (${base ? `${base.slice(0, 12)} has no schema.graphql` : 'no base commit'}); nothing to compare.`,
    );
    return 0;
  }
  const breaks = breakingChanges(baseline, readFileSync('schema.graphql', 'utf8'));
  for (const line of breaks) console.error(line);
  console.log(`schema:breaking: ${breaks.length} breaking change(s) since ${base.slice(0, 12)}.`);
  if (breaks.length > 0) console.error('Keep the old field with @deprecated for a release, then remove it.');
  return breaks.length > 0 ? 1 : 0;
}

process.exitCode = main();
