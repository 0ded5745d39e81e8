// Discord's markdown as people see it: plain words. https://support.discord.com/hc/articles/210298617

const marks = ["***", "**", "~~", "||", "__", "*", "_"];

function words(text) {
  let out = "";
  let lineStart = true;
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at);
    const heading = lineStart && /^(#{1,3}|-#) /.exec(rest);
    if (heading) {
      at += heading[0].length;
      continue;
    }
    const escaped = /^\\([^0-9A-Za-z\s])/.exec(rest);
    const link = /^\[((?:\\.|[^\]\\])+)\]\(<?(https?:\/\/[^\s>)]+)>?\)/.exec(rest);
    const address = /^<(https?:\/\/[^\s>]+)>/.exec(rest);
    const code = /^(`{1,2})([^`\n]+)\1/.exec(rest);
    const mark = marks.find((one) => rest.startsWith(one));
    let shown = rest[0];
    let used = 1;
    if (escaped) [shown, used] = [escaped[1], 2];
    else if (link) [shown, used] = [words(link[1]), link[0].length];
    else if (address) [shown, used] = [address[1], address[0].length];
    else if (code) [shown, used] = [code[2], code[0].length];
    else if (mark && (text.indexOf(mark, at + mark.length) >= 0 || text.slice(0, at).includes(mark))) [shown, used] = ["", mark.length];
    out += shown;
    lineStart = shown.endsWith("\n");
    at += used;
  }
  return out;
}

export function shown(markdown) {
  const parts = markdown.split(/```(?:[A-Za-z0-9+#\-_.]*\n)?([\s\S]*?)\n?```/);
  return parts.map((part, index) => (index % 2 ? part.replaceAll("\u200b", "") : words(part))).join("");
}
