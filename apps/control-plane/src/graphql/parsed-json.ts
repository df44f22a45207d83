import type { FieldMiddleware } from '@nestjs/graphql';

/** For columns that keep JSON as text: `@Field(() => Json, { middleware: [parsedJson] })` answers what the text says. */
export const parsedJson: FieldMiddleware = async (_context, next) => {
  const text: unknown = await next();
  return typeof text === 'string' ? (JSON.parse(text) as unknown) : null;
};
