import type { BuildSchemaOptions } from '@nestjs/graphql';
import { DateTime } from './scalars.js';

/** How the schema is built from the classes, the same when serving and when printing. */
export const schemaOptions: BuildSchemaOptions = {
  numberScalarMode: 'integer',
  scalarsMap: [{ type: Date, scalar: DateTime }],
  noDuplicatedFields: true,
};
