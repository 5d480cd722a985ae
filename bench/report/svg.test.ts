import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { element, formatPicture, text } from "./svg.ts";

describe("markup", () => {
  it("has texts and attributes in which nothing is markup", () => {
    assert.equal(
      element("text", { x: 1, class: 'a"<b>' }, text("<i> & \u0007")),
      '<text x="1" class="a&quot;&lt;b&gt;">&lt;i&gt; &amp; ?</text>',
    );
  });

  it("gives every text back when the entities are read", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (content) => {
        const written = text(content);
        assert.doesNotMatch(written, /[<>"]|&(?!(?:amp|lt|gt|quot);)/);
        const read = written
          .replaceAll("&lt;", "<")
          .replaceAll("&gt;", ">")
          .replaceAll("&quot;", '"')
          .replaceAll("&amp;", "&");
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML can't have
        assert.equal(read, content.replaceAll(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, "?"));
      }),
    );
  });

  it("has numbers in tenths, and no negative zero", () => {
    assert.equal(element("line", { x1: 1.26, x2: -0.01, y1: 3 }), '<line x1="1.3" x2="0" y1="3"/>');
  });
});

it("a picture says what it shows, and has colours for light and for dark pages", () => {
  const picture = formatPicture({
    width: 10,
    height: 20,
    title: "A & B",
    description: "1 < 2",
    body: [element("g", {})],
  });
  assert.match(picture, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="10" height="20" viewBox="0 0 10 20" /);
  assert.match(picture, /role="img" aria-labelledby="title description"/);
  assert.match(picture, /<title id="title">A &amp; B<\/title>/);
  assert.match(picture, /<desc id="description">1 &lt; 2<\/desc>/);
  assert.match(picture, /@media\(prefers-color-scheme:dark\)/);
  assert.match(picture, /<g\/>\n<\/svg>\n$/);
});
