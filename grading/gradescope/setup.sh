#!/usr/bin/env bash
# Gradescope runs this once, when the autograder's image is built. The zip that you upload holds this folder's two
# files and the course in a folder `course/`.
set -euo pipefail
AUTOGRADER=${AUTOGRADER:-/autograder}

apt-get update -qq
apt-get install -y -qq python3 python3-venv bubblewrap
python3 -m venv "$AUTOGRADER/venv"
# The wheels without CUDA are smaller by gigabytes; an autograder has no graphics card.
"$AUTOGRADER/venv/bin/pip" install --quiet torch torchvision --index-url https://download.pytorch.org/whl/cpu
"$AUTOGRADER/venv/bin/pip" install --quiet --editable "$AUTOGRADER/source/course"
