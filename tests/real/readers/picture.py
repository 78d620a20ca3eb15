"""Reads a picture as XML and prints its title and the letters of each line: python3 picture.py FILE."""
import sys
import xml.etree.ElementTree as tree

SVG = "{http://www.w3.org/2000/svg}"
root = tree.parse(sys.argv[1]).getroot()
assert root.tag == SVG + "svg", root.tag
print(root.find(SVG + "title").text)
for group in root.iter(SVG + "g"):
    if "translate(0" in group.get("transform", ""):
        print("".join(text.text for text in group.iter(SVG + "text")))
