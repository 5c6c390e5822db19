"""The looks and keys of the page that shows a trace."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root{--paper:#f6f7f9;--card:#fff;--ink:#1b1f27;--soft:#5d6675;--line:#dfe3ea;--mark:#0b7a5b;
--tint:#e4f4ee;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--paper:#14161b;--card:#1c1f26;--ink:#e8eaef;
--soft:#9aa3b2;--line:#2c313b;--mark:#3ddba5;--tint:#17332a}}
*{box-sizing:border-box}
html{scroll-behavior:smooth}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,-apple-system,
"Segoe UI",Roboto,"Noto Sans",sans-serif;display:grid;grid-template-columns:250px minmax(0,1fr)}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:22px 14px 22px 20px;
border-right:1px solid var(--line)}
nav h1{font-size:15px;margin:0 0 14px;overflow-wrap:anywhere}
nav ol{list-style:none;margin:0;padding:0}
nav a{display:flex;justify-content:space-between;gap:8px;padding:5px 8px;border-radius:6px;
color:inherit;text-decoration:none;font-size:13.5px}
nav a:hover{background:var(--line)}
nav a.here{background:var(--tint);color:var(--mark)}
nav b{font-weight:500;font-variant-numeric:tabular-nums;color:var(--soft);white-space:nowrap}
.hint{font-size:12px;color:var(--soft);padding-left:8px}
kbd{border:1px solid var(--line);border-radius:4px;padding:0 4px;font:inherit}
main{padding:26px 32px 60px;max-width:1240px;width:100%;margin:0 auto}
header p{font-size:18px;margin:0 0 14px}
header dl{display:flex;flex-wrap:wrap;gap:6px;margin:0 0 26px}
header dl div{display:flex;gap:6px;padding:2px 9px;border:1px solid var(--line);border-radius:999px;
font-size:12.5px;background:var(--card)}
header dl div.changed{border-color:var(--mark);background:var(--tint)}
dt{color:var(--soft)}dd{margin:0;font-variant-numeric:tabular-nums}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;
padding:20px 24px 24px;margin:0 0 24px;scroll-margin-top:14px}
h2{font-size:20px;margin:0 0 6px;display:flex;align-items:baseline;gap:10px}
h2 span{color:var(--mark);font-size:14px;font-weight:600}
h2 small{margin-left:auto;color:var(--soft);font-size:13px;font-weight:400;
font-variant-numeric:tabular-nums;white-space:nowrap}
h3{font-size:16px;margin:22px 0 6px}
section p{max-width:75ch;margin:0 0 14px}
img{display:block;max-width:100%;height:auto;border-radius:8px}
table{border-collapse:collapse;margin-top:16px;width:100%;font-size:13.5px}
th{text-align:left;color:var(--soft);font-weight:500}
th,td{padding:5px 12px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}
td:nth-child(2){white-space:nowrap;font-variant-numeric:tabular-nums}
.list{margin-top:14px}
details{border-bottom:1px solid var(--line);padding:5px 0;font-size:13.5px}
summary{cursor:pointer}summary b{display:inline-block;min-width:2em;color:var(--mark)}
summary i{font-style:normal;color:var(--soft)}
details p{margin:6px 0 6px 2em}
footer{color:var(--soft);font-size:12.5px}
@media (max-width:820px){body{display:block}nav{position:static;height:auto;border:0}
main{padding:10px}}
@media print{nav{display:none}body{display:block}section{break-inside:avoid}}
"""

SCRIPT: Final = """
const parts=[...document.querySelectorAll('section')];
const links=new Map([...document.querySelectorAll('nav a')].map(a=>[a.hash.slice(1),a]));
const seen=new Set();
const watch=new IntersectionObserver(entries=>{
  for(const e of entries)e.isIntersecting?seen.add(e.target):seen.delete(e.target);
  const first=parts.find(p=>seen.has(p));
  for(const a of links.values())a.classList.remove('here');
  if(first&&links.has(first.id))links.get(first.id).classList.add('here');
},{rootMargin:'-10% 0px -60% 0px'});
parts.forEach(p=>watch.observe(p));
addEventListener('keydown',e=>{
  if(e.ctrlKey||e.metaKey||e.altKey||(e.key!=='j'&&e.key!=='k'))return;
  const at=parts.findIndex(p=>p.getBoundingClientRect().bottom>60);
  const here=parts[at]&&Math.abs(parts[at].getBoundingClientRect().top)<60;
  const to=e.key==='k'?at-1:(here?at+1:at);
  parts[Math.max(0,Math.min(parts.length-1,to))].scrollIntoView();
});
"""
