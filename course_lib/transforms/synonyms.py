"""A small table of English synonyms (lesson 04).

One group to a line: its words mean nearly the same, in the same form (all plural, all past), with the same
praise or blame, so that one may stand for another without a new label. Each word stands in one group only.
Negations such as "not" and "never" have no synonym here, nor have words for numbers.
"""

_GROUPS = """
big large sizeable
small little tiny
huge enormous immense gigantic
quick fast rapid swift
slow unhurried sluggish
warm lukewarm tepid
cold chilly
mild gentle
grey ashen leaden
bright shining radiant
dark gloomy dim
heavy weighty hefty
sudden abrupt unexpected
new recent
old aged ancient
salty briny
thick dense
sweet sugary
soft tender
loud noisy deafening
muted muffled hushed
quiet calm silent
late delayed overdue
crowded packed jammed
empty vacant deserted
good fine decent
great excellent superb terrific
beautiful lovely gorgeous
attractive appealing
happy glad cheerful
funny amusing hilarious
clever smart bright-minded
brave bold courageous
friendly amiable warm-hearted
interesting engaging absorbing
strong powerful mighty
rich wealthy affluent
easy simple effortless
clear plain evident
clean spotless
bad poor lousy
terrible awful dreadful horrible
sad unhappy sorrowful
angry furious irate
boring dull tedious
stupid silly foolish
weak feeble frail
hard difficult tough
ugly unsightly
dirty filthy grubby
strange odd peculiar weird
afraid scared frightened
tired weary exhausted
dangerous risky hazardous
expensive costly pricey
cheap inexpensive
important significant crucial
famous well-known renowned
usual common ordinary
whole entire complete
correct accurate
wrong mistaken incorrect
near nearby
distant faraway remote
storm gale tempest
cloud cloudlet
wind breeze
rain drizzle
frost hoarfrost
soup broth
sauce gravy
kettle teapot
violin fiddle
melody tune
bicycle bike
taxi cab
car automobile
house home dwelling
street road
picture image
movie film
story tale narrative
job task assignment
idea thought notion
mistake error blunder
answer reply
problem trouble difficulty
friend companion pal
child kid youngster
children kids youngsters
doctor physician
teacher instructor
trip journey voyage
start beginning outset
ending finish
part portion
top summit peak
passes goes
rises climbs ascends
fades wanes dwindles
returns reappears
settles subsides
boils bubbles simmers
burns chars scorches
thickens congeals
sounds resounds
repeats recurs
stops halts
waits lingers
departs exits
arrives comes
says remarks
shows reveals displays
shouts yells screams
looks seems appears
begins starts commences
walks strolls
runs sprints dashes
buys purchases
builds constructs
helps assists aids
keeps retains
needs requires
likes enjoys
loves adores
hates detests loathes
said stated remarked
liked enjoyed
loved adored
hated detested loathed
bought purchased
walked strolled
began started commenced
ended finished concluded
very extremely really
quickly rapidly swiftly
slowly gradually
often frequently
sometimes occasionally
perhaps maybe possibly
nearly almost
finally eventually
suddenly abruptly
today nowadays
however nevertheless
evening dusk
"""

SYNONYMS: dict[str, tuple[str, ...]] = {
    word: tuple(other for other in group.split() if other != word)
    for group in _GROUPS.strip().splitlines()
    for word in group.split()
}
"""The words that may stand for each word; all in lower case."""
