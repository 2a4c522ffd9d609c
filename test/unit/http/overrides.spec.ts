import { describe, expect, it } from '@jest/globals';
import { FileTypeValidator, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';

class Nothing {}
Module({})(Nothing);

/** `overrides` in package.json: the versions that their users ask for refuse Node 20, the versions before do the same. */
describe('the packages that are overridden for Node 20', () => {
  it("file-type 21 answers Nest's file validator", async () => {
    const validator = new FileTypeValidator({ fileType: 'image/png' });
    const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ', 'base64');
    const text = Buffer.from('A text that says that it is a picture.');
    const judge = (buffer: Buffer) => validator.isValid({ buffer, mimetype: 'image/png' } as never);
    expect([await judge(png), await judge(text)]).toEqual([true, false]);
  });

  it("cookie 1 writes the cookies of Fastify's injected requests", async () => {
    const app = await NestFactory.create<NestFastifyApplication>(Nothing, new FastifyAdapter(), {
      logger: false,
    });
    app
      .getHttpAdapter()
      .getInstance()
      .get('/cookies', (request, reply) => reply.send(request.headers.cookie));
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    const answer = await app.inject({ method: 'GET', url: '/cookies', cookies: { a: '1 ;', z: 'ü' } });
    expect(answer.body).toBe('a=1%20%3B; z=%C3%BC');
    await app.close();
  });
});
