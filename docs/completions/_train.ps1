
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'train' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'train'
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
        'train' {
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'A shipped recipe''s name, or a TOML file. [default: demo]')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'Train on these images instead of the recipe''s: a .tar file, a folder of them, a folder with one folder a class, or a folder with MNIST''s files')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Change a setting, such as train.lr=2e-4; --print-config lists them. Can be repeated')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Folder of the run. [default: runs/RECIPE-N]')
            [CompletionResult]::new('--resume', '--resume', [CompletionResultType]::ParameterName, 'Go on with a run from its newest checkpoint, or from RUN/checkpoints/step-N; `auto` takes the newest run under runs/')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'With --dry-run: memory of the device in GB. [default: what is free, on the CPU]')
            [CompletionResult]::new('--ranks', '--ranks', [CompletionResultType]::ParameterName, 'With --dry-run: how many ranks train together. [default: 1]')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Stop at the first record that cannot be used instead of skipping it and naming it at the end')
            [CompletionResult]::new('--print-config', '--print-config', [CompletionResultType]::ParameterName, 'Print the whole configuration with its documentation and exit')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what the run would need in memory and exit; exit code 1 if it does not fit')
            [CompletionResult]::new('--list-recipes', '--list-recipes', [CompletionResultType]::ParameterName, 'Print the names of the shipped recipes and exit')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Look at every image of a data set: sizes, classes, captions, copies, what cannot be used and why')
            [CompletionResult]::new('prepare', 'prepare', [CompletionResultType]::ParameterValue, 'Make a data set to train on of images as they were found: checked, without copies, turned as their metadata say, in tar files. Goes on where it stopped')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write the weights of a run as a model folder that `infer --model` reads')
            [CompletionResult]::new('compare', 'compare', [CompletionResultType]::ParameterValue, 'Compare runs: settings that differ, losses at equal steps and images, the best scores, the rates')
            [CompletionResult]::new('export-metrics', 'export-metrics', [CompletionResultType]::ParameterValue, 'Write the metrics of a run as another program reads them: MLflow, or Weights & Biases by a script')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Look at the machine, its devices, and what the run would take: memory, the largest batch, days. It takes the options of a run; no image is read')
            [CompletionResult]::new('encode-text', 'encode-text', [CompletionResultType]::ParameterValue, 'Run the captions of a data set through a text encoder once, for training with text.kind = "states". Goes on where it stopped')
            [CompletionResult]::new('ema', 'ema', [CompletionResultType]::ParameterValue, 'Make an average of the weights of any width from the snapshots of a run that was trained with averages.every')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'train;inspect' {
            [CompletionResult]::new('--validation', '--validation', [CompletionResultType]::ParameterName, 'Images that are to be held out: those that are in DATA too are found')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Also write everything as JSON here; `-` writes it to the standard output instead of the report')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'End with exit code 1 if something was found that training would suffer from')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'train;prepare' {
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Scale and cut all images to squares of this side, as training does. [default: they stay as they are]')
            [CompletionResult]::new('--buckets', '--buckets', [CompletionResultType]::ParameterName, 'Scale and cut each image to the size of these that is nearest to its aspect ratio, as training with data.buckets and center crops does: heights and widths, written as there, such as [[256,256],[192,320],[320,192]], one of each aspect ratio')
            [CompletionResult]::new('--near', '--near', [CompletionResultType]::ParameterName, 'Also leave out what looks like an earlier image: difference hashes that differ in at most so many of 64 bits. 6 finds most other sizes and qualities of a photograph; drawings on plain grounds look alike to it that are not')
            [CompletionResult]::new('--not-in', '--not-in', [CompletionResultType]::ParameterName, 'Leave out images that are in this data set too, for instance those of a validation')
            [CompletionResult]::new('--shard-images', '--shard-images', [CompletionResultType]::ParameterName, 'Images in a tar file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'train;export' {
            [CompletionResult]::new('--dtype', '--dtype', [CompletionResultType]::ParameterName, 'Number format of the weights')
            [CompletionResult]::new('--raw', '--raw', [CompletionResultType]::ParameterName, 'Export the weights being trained instead of their moving average')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'train;compare' {
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Also write a page with their curves here; there must be no such file')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON instead of the table, or write it to a file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'train;export-metrics' {
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'What reads them')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'train;doctor' {
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'A shipped recipe''s name, or a TOML file. [default: demo]')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'Train on these images instead of the recipe''s: a .tar file, a folder of them, a folder with one folder a class, or a folder with MNIST''s files')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Change a setting, such as train.lr=2e-4; --print-config lists them. Can be repeated')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Folder of the run. [default: runs/RECIPE-N]')
            [CompletionResult]::new('--resume', '--resume', [CompletionResultType]::ParameterName, 'Go on with a run from its newest checkpoint, or from RUN/checkpoints/step-N; `auto` takes the newest run under runs/')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'With --dry-run: memory of the device in GB. [default: what is free, on the CPU]')
            [CompletionResult]::new('--ranks', '--ranks', [CompletionResultType]::ParameterName, 'With --dry-run: how many ranks train together. [default: 1]')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Stop at the first record that cannot be used instead of skipping it and naming it at the end')
            [CompletionResult]::new('--print-config', '--print-config', [CompletionResultType]::ParameterName, 'Print the whole configuration with its documentation and exit')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what the run would need in memory and exit; exit code 1 if it does not fit')
            [CompletionResult]::new('--list-recipes', '--list-recipes', [CompletionResultType]::ParameterName, 'Print the names of the shipped recipes and exit')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'train;encode-text' {
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'The images with their captions: a .tar file, or a folder of them')
            [CompletionResult]::new('--text-encoder', '--text-encoder', [CompletionResultType]::ParameterName, 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'The folder to write the states to')
            [CompletionResult]::new('--max-tokens', '--max-tokens', [CompletionResultType]::ParameterName, 'Tokens of a caption at most')
            [CompletionResult]::new('--dtype', '--dtype', [CompletionResultType]::ParameterName, 'Format of the encoder''s weights, and of the states: f32, f16 or bf16')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'train;ema' {
            [CompletionResult]::new('--sigma-rel', '--sigma-rel', [CompletionResultType]::ParameterName, 'How wide the average is: the standard deviation of the steps it is of, as a share of all steps, 0.05 to 0.25. Evaluate some of them: what is best differs between models, and with guidance')
            [CompletionResult]::new('--step', '--step', [CompletionResultType]::ParameterName, 'The step at which it ends; there must be a snapshot of it. [default: the last]')
            [CompletionResult]::new('--dtype', '--dtype', [CompletionResultType]::ParameterName, 'Number format of the weights')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'train;help' {
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Look at every image of a data set: sizes, classes, captions, copies, what cannot be used and why')
            [CompletionResult]::new('prepare', 'prepare', [CompletionResultType]::ParameterValue, 'Make a data set to train on of images as they were found: checked, without copies, turned as their metadata say, in tar files. Goes on where it stopped')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write the weights of a run as a model folder that `infer --model` reads')
            [CompletionResult]::new('compare', 'compare', [CompletionResultType]::ParameterValue, 'Compare runs: settings that differ, losses at equal steps and images, the best scores, the rates')
            [CompletionResult]::new('export-metrics', 'export-metrics', [CompletionResultType]::ParameterValue, 'Write the metrics of a run as another program reads them: MLflow, or Weights & Biases by a script')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Look at the machine, its devices, and what the run would take: memory, the largest batch, days. It takes the options of a run; no image is read')
            [CompletionResult]::new('encode-text', 'encode-text', [CompletionResultType]::ParameterValue, 'Run the captions of a data set through a text encoder once, for training with text.kind = "states". Goes on where it stopped')
            [CompletionResult]::new('ema', 'ema', [CompletionResultType]::ParameterValue, 'Make an average of the weights of any width from the snapshots of a run that was trained with averages.every')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'train;help;inspect' {
            break
        }
        'train;help;prepare' {
            break
        }
        'train;help;export' {
            break
        }
        'train;help;compare' {
            break
        }
        'train;help;export-metrics' {
            break
        }
        'train;help;doctor' {
            break
        }
        'train;help;encode-text' {
            break
        }
        'train;help;ema' {
            break
        }
        'train;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
