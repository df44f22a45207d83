import {
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  type GraphQLInputType,
} from 'graphql';
import { printGatehouseSchema } from '../../apps/control-plane/src/graphql/print-schema.js';

/** One operation per root field, which GraphQL accepts and no use case does. */
export interface SenselessOperation {
  readonly name: string;
  readonly text: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Every query or mutation of the schema with arguments of the right type and no sense. */
export async function senselessOperations(type: 'Query' | 'Mutation'): Promise<SenselessOperation[]> {
  const schema = buildSchema(await printGatehouseSchema());
  const fields = schema.getRootType(type.toLowerCase() as never)?.getFields() ?? {};
  return Object.values(fields).map(({ name, args }) => {
    const declared = args.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(', ');
    const passed = args.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
    const selection = type === 'Mutation' ? '{ userErrors { field code } }' : '{ __typename }';
    return {
      name,
      text: `${type.toLowerCase()}${declared && `(${declared})`} { ${name}${passed && `(${passed})`} ${selection} }`,
      variables: Object.fromEntries(args.map((arg) => [arg.name, senseless(arg.type)])),
    };
  });
}

/** Texts hold a control character, ids are none. */
function senseless(type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return senseless(type.ofType);
  if (isListType(type)) return [senseless(type.ofType)];
  if (isInputObjectType(type)) {
    return Object.fromEntries(Object.values(type.getFields()).map((field) => [field.name, senseless(field.type)]));
  }
  if (isEnumType(type)) return type.getValues()[0]?.name;
  return (
    { Boolean: true, Int: 1, DateTime: '2026-01-01T00:00:00Z', Duration: '1s' }[getNamedType(type).name] ?? '\u0007'
  );
}
