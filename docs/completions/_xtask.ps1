
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'xtask' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'xtask'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'xtask' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Compare this project''s numbers with a folder of golden fixtures, one line a case')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Time forward passes, training steps, sampling, attention and matrix products')
            [CompletionResult]::new('check-backends', 'check-backends', [CompletionResultType]::ParameterValue, 'Run the conformance suite on every backend of this machine')
            [CompletionResult]::new('tidy', 'tidy', [CompletionResultType]::ParameterValue, 'Print what violates the rules about this repository''s files; seconds, no network')
            [CompletionResult]::new('generate', 'generate', [CompletionResultType]::ParameterValue, 'Write the files that are made from code: man pages, completions')
            [CompletionResult]::new('quality', 'quality', [CompletionResultType]::ParameterValue, 'Measure the shipped models and write QUALITY.md')
            [CompletionResult]::new('ablation', 'ablation', [CompletionResultType]::ParameterValue, 'Compare the choices of training beyond the paper, and write QUALITY.md')
            [CompletionResult]::new('dist', 'dist', [CompletionResultType]::ParameterValue, 'Build a stripped archive of the programs for this machine')
            [CompletionResult]::new('web', 'web', [CompletionResultType]::ParameterValue, 'Build a folder for any web server whose page draws in the browser itself')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'xtask;verify' {
            [CompletionResult]::new('--fixtures', '--fixtures', [CompletionResultType]::ParameterName, 'Folder with a manifest.json and the files it lists')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Only the cases whose name contains this')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'xtask;bench' {
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Jobs: gemm, attention, forward, train, sample, load. Default: all')
            [CompletionResult]::new('--tokens', '--tokens', [CompletionResultType]::ParameterName, 'Tokens of an image, for gemm, attention and forward: square numbers')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Images of a batch, for gemm, attention and forward; default: 2, above 1024 tokens 1')
            [CompletionResult]::new('--depth', '--depth', [CompletionResultType]::ParameterName, 'Blocks of the model, for forward; the whole of XL, in 2.7 GB of f32, has 28')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where to compute; another device than the CPU must be compiled in: `cargo run -p xtask --features cuda -- bench`')
            [CompletionResult]::new('--dtype', '--dtype', [CompletionResultType]::ParameterName, 'Format of weights and activations: f32, bf16 or f16; of a training step, what it computes in')
            [CompletionResult]::new('--repeat', '--repeat', [CompletionResultType]::ParameterName, 'Counted repetitions of each job')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; default: `RAYON_NUM_THREADS`, or all processors')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Write the records here, one JSON object a line, as xtask/pytorch does')
            [CompletionResult]::new('--against', '--against', [CompletionResultType]::ParameterName, 'Show the ratio to the records of another run, or of PyTorch')
            [CompletionResult]::new('--pytorch', '--pytorch', [CompletionResultType]::ParameterName, 'Do the same work in PyTorch too, in turns of three rounds: the Python that has it')
            [CompletionResult]::new('--alone', '--alone', [CompletionResultType]::ParameterName, 'Do one job in this process and print its records')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'xtask;check-backends' {
            [CompletionResult]::new('--backends', '--backends', [CompletionResultType]::ParameterName, 'Backends: flex, wgpu, vulkan, metal, cuda, rocm. Default: all that this machine has')
            [CompletionResult]::new('--dtypes', '--dtypes', [CompletionResultType]::ParameterName, 'Precisions: f32, f16, bf16. Default: f32 and f16, and on flex all')
            [CompletionResult]::new('--fusion', '--fusion', [CompletionResultType]::ParameterName, 'Kernel fusion: on, off, or both. Flex has none')
            [CompletionResult]::new('--fixtures', '--fixtures', [CompletionResultType]::ParameterName, 'Folder of fixtures with a manifest.json. Default: those in the repository')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Only the cases whose name contains this')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Where report.json and report.html go')
            [CompletionResult]::new('--require', '--require', [CompletionResultType]::ParameterName, 'Backends that must run: a skip is a failure')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds that a target may take')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Targets that run at the same time. Default: two, or one on a single processor')
            [CompletionResult]::new('--quick', '--quick', [CompletionResultType]::ParameterName, 'Not the demo, and of the fixtures only the first file of each kind: minutes less on a software device')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'Only show what there is: backends, adapters, memory, precisions, attention')
            [CompletionResult]::new('--self-test', '--self-test', [CompletionResultType]::ParameterName, 'Plant every known fault, one after the other, and see that the suite finds it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'xtask;tidy' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'xtask;generate' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'xtask;quality' {
            [CompletionResult]::new('--images', '--images', [CompletionResultType]::ParameterName, 'Images of each repeat')
            [CompletionResult]::new('--repeats', '--repeats', [CompletionResultType]::ParameterName, 'Repeats, each with a seed of its own')
            [CompletionResult]::new('--fashion-mnist', '--fashion-mnist', [CompletionResultType]::ParameterName, 'The folder with the four .gz files of Fashion-MNIST. Without it, what is recorded of its model is kept')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Measure these alone, by name, and keep the other records')
            [CompletionResult]::new('--infer', '--infer', [CompletionResultType]::ParameterName, 'The `infer` to measure with; without it, it is built from this repository')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print the command lines, and which of them are recorded, and stop')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'xtask;ablation' {
            [CompletionResult]::new('--seeds', '--seeds', [CompletionResultType]::ParameterName, 'Seeds of each choice, from 0')
            [CompletionResult]::new('--train', '--train', [CompletionResultType]::ParameterName, 'The `train` to train with; without it, it is built from this repository')
            [CompletionResult]::new('--infer', '--infer', [CompletionResultType]::ParameterName, 'The `infer` to measure with; without it, it is built from this repository')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would be done, and stop')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'xtask;dist' {
            [CompletionResult]::new('--features', '--features', [CompletionResultType]::ParameterName, 'Backends to compile besides the CPU''s, as `wgpu,cuda`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'xtask;web' {
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Build a program for all cores of the processor, too. Pages use it that their server isolates from others (with `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`). The standard library is compiled for it: its sources must be here (`rustup component add rust-src`)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'xtask;help' {
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Compare this project''s numbers with a folder of golden fixtures, one line a case')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Time forward passes, training steps, sampling, attention and matrix products')
            [CompletionResult]::new('check-backends', 'check-backends', [CompletionResultType]::ParameterValue, 'Run the conformance suite on every backend of this machine')
            [CompletionResult]::new('tidy', 'tidy', [CompletionResultType]::ParameterValue, 'Print what violates the rules about this repository''s files; seconds, no network')
            [CompletionResult]::new('generate', 'generate', [CompletionResultType]::ParameterValue, 'Write the files that are made from code: man pages, completions')
            [CompletionResult]::new('quality', 'quality', [CompletionResultType]::ParameterValue, 'Measure the shipped models and write QUALITY.md')
            [CompletionResult]::new('ablation', 'ablation', [CompletionResultType]::ParameterValue, 'Compare the choices of training beyond the paper, and write QUALITY.md')
            [CompletionResult]::new('dist', 'dist', [CompletionResultType]::ParameterValue, 'Build a stripped archive of the programs for this machine')
            [CompletionResult]::new('web', 'web', [CompletionResultType]::ParameterValue, 'Build a folder for any web server whose page draws in the browser itself')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'xtask;help;verify' {
            break
        }
        'xtask;help;bench' {
            break
        }
        'xtask;help;check-backends' {
            break
        }
        'xtask;help;tidy' {
            break
        }
        'xtask;help;generate' {
            break
        }
        'xtask;help;quality' {
            break
        }
        'xtask;help;ablation' {
            break
        }
        'xtask;help;dist' {
            break
        }
        'xtask;help;web' {
            break
        }
        'xtask;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
