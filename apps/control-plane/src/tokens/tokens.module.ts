import { Module } from '@nestjs/common';
import { TokenUsages } from './token-usages.js';
import { TokensResolver } from './tokens.resolver.js';
import { TokensService } from './tokens.service.js';
import { ViewerTokenResolver } from './viewer-token.resolver.js';

@Module({ providers: [TokensResolver, TokensService, TokenUsages, ViewerTokenResolver] })
export class TokensModule {}
