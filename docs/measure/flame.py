#!/usr/bin/env python3
"""Draws a flame graph: collapsed stacks (one per line, frames by ';', then a count) from standard input to an SVG.

  flame.py TITLE < stacks > graph.svg

A box is as wide as its share of all samples; a tooltip tells name, samples and share. Below half a percent
nothing is drawn. Stacks come from async-profiler: asprof -e cpu -i 1ms -d 10 -o collapsed -f stacks PID.
"""
import html
import sys

WIDTH, ROW, TEXT = 1200, 16, 6.2
LEAST = 1 / 200
COLOURS = [("_[k]", "#b9c7d9"), ("hero/", "#f2a25c"), ("org/postgresql", "#e8c468"), ("com/zaxxer", "#e8c468"),
           ("java/", "#cfe3b4"), ("jdk/", "#cfe3b4"), ("sun/", "#cfe3b4")]


def colour(name):
    if name.endswith("_[k]"):
        return COLOURS[0][1]
    return next((c for start, c in COLOURS[1:] if name.startswith(start)), "#e3d5e8")


def tree(lines):
    root = {"n": 0, "in": {}}
    for line in lines:
        stack, _, count = line.rstrip("\n").rpartition(" ")
        if not stack:
            continue
        node = root
        node["n"] += int(count)
        for frame in stack.split(";"):
            node = node["in"].setdefault(frame.split(" tid=")[0].strip("["), {"n": 0, "in": {}})
            node["n"] += int(count)
    return root


def boxes(node, name, depth, x, total, out):
    width = node["n"] / total
    if width < LEAST:
        return
    out.append((name, depth, x, width, node["n"]))
    for child, inner in sorted(node["in"].items()):
        boxes(inner, child, depth + 1, x, total, out)
        x += inner["n"] / total


def main():
    sys.setrecursionlimit(10_000)
    root = tree(sys.stdin)
    if root["n"] == 0:
        sys.exit("flame.py: no stacks on standard input")
    out = []
    boxes(root, sys.argv[1] if len(sys.argv) > 1 else "all", 0, 0.0, root["n"], out)
    height = (max(depth for _, depth, *_ in out) + 1) * ROW
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="monospace" '
          f'font-size="10">')
    for name, depth, x, width, n in out:
        left, wide, top = x * WIDTH, width * WIDTH, height - (depth + 1) * ROW
        short = name.rsplit("/", 1)[-1]
        fits = int((wide - 4) / TEXT)
        label = short if len(short) <= fits else short[:max(fits - 1, 0)] + "…"
        print(f'<g><title>{html.escape(name)}: {n} of {root["n"]}, {100 * width:.1f} %</title>'
              f'<rect x="{left:.1f}" y="{top}" width="{wide:.1f}" height="{ROW - 1}" fill="{colour(name)}"/>'
              + (f'<text x="{left + 2:.1f}" y="{top + 11}">{html.escape(label)}</text>' if fits > 2 else "") + "</g>")
    print("</svg>")


main()
