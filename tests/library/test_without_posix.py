"""The student's path on a system without fork, file locks, resource limits and /dev/shm.

No such system is at hand here, so one fresh process gives up what a POSIX system has beyond the others,
before it imports anything of the course, and then walks the path. What third parties (torch, IPython) do
there is their own affair: they are imported first, with everything in place.
"""

import json
import subprocess
import sys
import textwrap

import pytest

GIVE_UP = """
    import contextlib, io, json, os, shutil, signal, sys, tempfile, traceback, types
    import torch, numpy, IPython, joblib, multiprocessing.popen_spawn_posix

    shutil.os = types.SimpleNamespace(**vars(os))  # the standard library has a way of its own on each system
    for name in ("fcntl", "resource", "_posixshmem", "termios", "pwd", "grp"):
        sys.modules[name] = None
    for name in ("fork", "forkpty", "setsid", "killpg", "getpgid", "mkfifo", "statvfs", "sysconf",
                 "sched_getaffinity", "sched_yield", "register_at_fork", "getuid", "geteuid"):
        if hasattr(os, name):
            delattr(os, name)
    for name in ("SIGKILL", "SIGSTOP", "SIGALRM", "setitimer", "alarm"):
        if hasattr(signal, name):
            delattr(signal, name)

    def refuse(event, arguments):
        if event in ("open", "os.listdir", "os.mkdir", "os.remove") and "/dev/shm" in str(arguments[0]):
            raise FileNotFoundError(f"{event}: this system has no /dev/shm")

    sys.addaudithook(refuse)
"""
WALK = """
    def walk(code):
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                exec(code, {"torch": torch})
        except BaseException:
            return traceback.format_exc()
        return printed.getvalue().strip()

    print(json.dumps({name: walk(code) for name, code in json.load(sys.stdin).items()}))
"""
STEPS = {
    "gone": """
        import os
        for attempt in ("import fcntl", "import resource", "os.fork()", "open('/dev/shm/x', 'w')"):
            try:
                exec(attempt)
            except (ImportError, AttributeError, OSError) as error:
                print(type(error).__name__, end=" ")
    """,
    "machine": """
        import tempfile
        from course_lib import platform
        assert platform.start_methods() == ("spawn",)
        assert not platform.can_fork()
        assert not platform.is_root()
        assert platform.available_cores() >= 1
        assert platform.shared_memory_size() is None
        assert platform.open_files_limit() is None
        assert platform.set_limits(cpu_seconds=1, memory_bytes=1) == frozenset()
        assert platform.set_limits(wall_seconds=1000) == {"wall"}
        platform.memory_limit(), platform.peak_memory()
        with tempfile.TemporaryDirectory() as folder, platform.file_lock(folder + "/lock"):
            print("fine")
    """,
    "doctor": """
        from course_lib.classroom import doctor
        print(*(each for each in doctor.examine() if each.status == "problem"))
    """,
    "epochs": """
        from course_lib import DataLoader, ListDataset, TensorDataset, random_split
        dataset = TensorDataset(torch.arange(20.0).reshape(10, 2), torch.arange(10))
        train, test = random_split(dataset, [8, 2], torch.Generator().manual_seed(1))
        for epoch in range(2):
            batches = list(DataLoader(train, batch_size=3, shuffle=True))
            assert sorted(torch.cat([labels for _, labels in batches]).tolist()) == sorted(train.indices)
        print([len(batch) for batch in DataLoader(ListDataset(list("abcde")), batch_size=2)])
    """,
    "digits": """
        from course_lib import DataLoader, mnist
        test = mnist(train=False, download=False, batched=True)
        images, labels = next(iter(DataLoader(test, batch_size=4)))
        print(len(images), len(labels))
    """,
    "training": """
        from course_lib import DataLoader, TensorDataset, evaluate, train_model
        dataset = TensorDataset(torch.randn(32, 2), torch.randint(2, (32,)))
        model, criterion = torch.nn.Linear(2, 2), torch.nn.CrossEntropyLoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        train_model(model, DataLoader(dataset, batch_size=8), criterion, optimizer, epochs=1)
        evaluate(model, DataLoader(dataset, batch_size=8), criterion)
        print("trained")
    """,
    "feedback": """
        from course_lib.classroom import check, hint
        print(callable(check), callable(hint))
    """,
}
EXPECTED = {
    "gone": "ModuleNotFoundError ModuleNotFoundError AttributeError FileNotFoundError",
    "machine": "fine",
    "doctor": "",
    "epochs": "[2, 2, 1]",
    "digits": "4 4",
    "training": "trained",
    "feedback": "True True",
}


@pytest.fixture(scope="module")
def printed() -> dict[str, str]:
    """Return what each step printed, or its traceback."""
    program = textwrap.dedent(GIVE_UP) + textwrap.dedent(WALK)
    steps = json.dumps({name: textwrap.dedent(code) for name, code in STEPS.items()})
    done = subprocess.run(
        [sys.executable, "-c", program], input=steps, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    results: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return results


@pytest.mark.skipif(sys.platform == "win32", reason="the other tests do this there")
@pytest.mark.parametrize("step", STEPS)
def test_step(step: str, printed: dict[str, str]) -> None:
    """The first step proves that it is all gone: else the others would prove nothing."""
    assert printed[step].endswith(EXPECTED[step]), printed[step]
    assert "Traceback" not in printed[step], printed[step]
