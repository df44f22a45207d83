import { Field, ObjectType } from '@nestjs/graphql';

@ObjectType({ description: 'A role that the viewer holds, over the organization or in one team.' })
export class ViewerRole {
  @Field(() => String)
  role!: string;
  /** Not a field: what the resolver of `team` loads. */
  teamId!: string | null;
}

@ObjectType({ description: 'Who asks.' })
export class Viewer {
  @Field(() => String, {
    nullable: true,
    description: 'The value of the header x-gatehouse-csrf for mutations; null for a bearer token, which needs none.',
  })
  csrfToken?: string | null;
}
