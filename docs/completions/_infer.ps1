
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'infer' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'infer'
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
        'infer' {
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'A run''s folder, a checkpoint, a model''s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]')
            [CompletionResult]::new('--weights', '--weights', [CompletionResultType]::ParameterName, 'Of a training checkpoint: the moving average, or the weights being trained')
            [CompletionResult]::new('--lora', '--lora', [CompletionResultType]::ParameterName, 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added')
            [CompletionResult]::new('--guide-model', '--guide-model', [CompletionResultType]::ParameterName, 'Guide the model away from this one, instead of from what it draws without a condition (autoguidance, arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the class or prompt: images get better and keep their variety. The paper guides at all times: constant:2 rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where g is not 1, and memory for the weights of both')
            [CompletionResult]::new('--guide-weights', '--guide-weights', [CompletionResultType]::ParameterName, 'Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are the worse ones')
            [CompletionResult]::new('--class', '--class', [CompletionResultType]::ParameterName, 'Classes by name or number, separated by commas; each is drawn once. [default: all]')
            [CompletionResult]::new('--prompt', '--prompt', [CompletionResultType]::ParameterName, 'What a text model shall draw; may be given several times')
            [CompletionResult]::new('--prompts', '--prompts', [CompletionResultType]::ParameterName, 'A file with a prompt a line; `-` for the standard input')
            [CompletionResult]::new('--negative', '--negative', [CompletionResultType]::ParameterName, 'What a text model shall not draw')
            [CompletionResult]::new('--text-encoder', '--text-encoder', [CompletionResultType]::ParameterName, 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model''s]')
            [CompletionResult]::new('--text-dtype', '--text-dtype', [CompletionResultType]::ParameterName, 'Format of the text encoder''s weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Images of each class or prompt')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed and number of an image, which grids write above their columns, are its noise: another class or word keeps the composition. --batch and --count change nothing')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model''s]')
            [CompletionResult]::new('--solver', '--solver', [CompletionResultType]::ParameterName, 'How the differential equation is solved. [default: the model''s]')
            [CompletionResult]::new('--guidance', '--guidance', [CompletionResultType]::ParameterName, 'A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without one, stage-wise for classes and constant for text. [default: the model''s]')
            [CompletionResult]::new('--guidance-rule', '--guidance-rule', [CompletionResultType]::ParameterName, 'How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings: cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model''s]')
            [CompletionResult]::new('--shift', '--shift', [CompletionResultType]::ParameterName, 'Warp of the time within a stage; 1 is none')
            [CompletionResult]::new('--rtol', '--rtol', [CompletionResultType]::ParameterName, 'Relative tolerance of dopri5')
            [CompletionResult]::new('--atol', '--atol', [CompletionResultType]::ParameterName, 'Absolute tolerance of dopri5')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Size of the images in pixels: 32, or height and width as 48x32. [default: what the model was trained on]')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Images drawn at once; changes speed and memory, not the images')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'FILE.png for a grid, FILE.npz for an array, a folder for single files. [default: samples/grid-N.png]')
            [CompletionResult]::new('--scale', '--scale', [CompletionResultType]::ParameterName, 'How many times the images of a grid are enlarged. [default: to 96 pixels or more]')
            [CompletionResult]::new('--strip', '--strip', [CompletionResultType]::ParameterName, 'Also write a picture with the ends of the stages side by side, of 16 images of the first batch at most')
            [CompletionResult]::new('--animation', '--animation', [CompletionResultType]::ParameterName, 'Also write every step as a moving picture: FILE.gif, FILE.webp, or FILE.png. Of the same images as --strip')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1')
            [CompletionResult]::new('--dtype', '--dtype', [CompletionResultType]::ParameterName, 'Format of weights and activations; norms, softmax and the solver stay in f32. f16 and bf16 need half the memory of f32, and are faster on most GPUs; on CPUs f32 is fastest. int8 needs a quarter for the weights and computes in f32, everywhere; weights that are in int8 on disk stay so')
            [CompletionResult]::new('--reference', '--reference', [CompletionResultType]::ParameterName, 'Sample exactly as the PyTorch implementation does, with its flaws')
            [CompletionResult]::new('--preview', '--preview', [CompletionResultType]::ParameterName, 'Show the images in the terminal while they are drawn: 16 of the first batch at most')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what drawing would need in memory and exit')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('sample', 'sample', [CompletionResultType]::ParameterValue, 'Draw images')
            [CompletionResult]::new('edit', 'edit', [CompletionResultType]::ParameterValue, 'Draw a picture anew, as a whole or in part')
            [CompletionResult]::new('replay', 'replay', [CompletionResultType]::ParameterValue, 'Draw a picture again from the recipe inside it and compare the pixels')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Draw for a web page and for other programs, over HTTP')
            [CompletionResult]::new('info', 'info', [CompletionResultType]::ParameterValue, 'Say what a model is')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Look at the machine, its devices and a model: what works, how fast, and what does not and why')
            [CompletionResult]::new('evaluate', 'evaluate', [CompletionResultType]::ParameterValue, 'Measure how good images are: FID and its relatives, copies, captions')
            [CompletionResult]::new('sweep', 'sweep', [CompletionResultType]::ParameterValue, 'Find the sampler settings that draw best for how many network calls')
            [CompletionResult]::new('evaluate-captions', 'evaluate-captions', [CompletionResultType]::ParameterValue, 'The older name of `infer evaluate captions`')
            [CompletionResult]::new('generate', 'generate', [CompletionResultType]::ParameterValue, 'Draw a public benchmark''s prompts in the layout that its evaluator reads')
            [CompletionResult]::new('convert', 'convert', [CompletionResultType]::ParameterValue, 'Write weights anew: as safetensors, in another number format, in one file or several')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Make one model of a model and low-rank adapters')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'infer;sample' {
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'A run''s folder, a checkpoint, a model''s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]')
            [CompletionResult]::new('--weights', '--weights', [CompletionResultType]::ParameterName, 'Of a training checkpoint: the moving average, or the weights being trained')
            [CompletionResult]::new('--lora', '--lora', [CompletionResultType]::ParameterName, 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added')
            [CompletionResult]::new('--guide-model', '--guide-model', [CompletionResultType]::ParameterName, 'Guide the model away from this one, instead of from what it draws without a condition (autoguidance, arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the class or prompt: images get better and keep their variety. The paper guides at all times: constant:2 rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where g is not 1, and memory for the weights of both')
            [CompletionResult]::new('--guide-weights', '--guide-weights', [CompletionResultType]::ParameterName, 'Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are the worse ones')
            [CompletionResult]::new('--class', '--class', [CompletionResultType]::ParameterName, 'Classes by name or number, separated by commas; each is drawn once. [default: all]')
            [CompletionResult]::new('--prompt', '--prompt', [CompletionResultType]::ParameterName, 'What a text model shall draw; may be given several times')
            [CompletionResult]::new('--prompts', '--prompts', [CompletionResultType]::ParameterName, 'A file with a prompt a line; `-` for the standard input')
            [CompletionResult]::new('--negative', '--negative', [CompletionResultType]::ParameterName, 'What a text model shall not draw')
            [CompletionResult]::new('--text-encoder', '--text-encoder', [CompletionResultType]::ParameterName, 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model''s]')
            [CompletionResult]::new('--text-dtype', '--text-dtype', [CompletionResultType]::ParameterName, 'Format of the text encoder''s weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Images of each class or prompt')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed and number of an image, which grids write above their columns, are its noise: another class or word keeps the composition. --batch and --count change nothing')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model''s]')
            [CompletionResult]::new('--solver', '--solver', [CompletionResultType]::ParameterName, 'How the differential equation is solved. [default: the model''s]')
            [CompletionResult]::new('--guidance', '--guidance', [CompletionResultType]::ParameterName, 'A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without one, stage-wise for classes and constant for text. [default: the model''s]')
            [CompletionResult]::new('--guidance-rule', '--guidance-rule', [CompletionResultType]::ParameterName, 'How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings: cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model''s]')
            [CompletionResult]::new('--shift', '--shift', [CompletionResultType]::ParameterName, 'Warp of the time within a stage; 1 is none')
            [CompletionResult]::new('--rtol', '--rtol', [CompletionResultType]::ParameterName, 'Relative tolerance of dopri5')
            [CompletionResult]::new('--atol', '--atol', [CompletionResultType]::ParameterName, 'Absolute tolerance of dopri5')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Size of the images in pixels: 32, or height and width as 48x32. [default: what the model was trained on]')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Images drawn at once; changes speed and memory, not the images')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'FILE.png for a grid, FILE.npz for an array, a folder for single files. [default: samples/grid-N.png]')
            [CompletionResult]::new('--scale', '--scale', [CompletionResultType]::ParameterName, 'How many times the images of a grid are enlarged. [default: to 96 pixels or more]')
            [CompletionResult]::new('--strip', '--strip', [CompletionResultType]::ParameterName, 'Also write a picture with the ends of the stages side by side, of 16 images of the first batch at most')
            [CompletionResult]::new('--animation', '--animation', [CompletionResultType]::ParameterName, 'Also write every step as a moving picture: FILE.gif, FILE.webp, or FILE.png. Of the same images as --strip')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1')
            [CompletionResult]::new('--dtype', '--dtype', [CompletionResultType]::ParameterName, 'Format of weights and activations; norms, softmax and the solver stay in f32. f16 and bf16 need half the memory of f32, and are faster on most GPUs; on CPUs f32 is fastest. int8 needs a quarter for the weights and computes in f32, everywhere; weights that are in int8 on disk stay so')
            [CompletionResult]::new('--reference', '--reference', [CompletionResultType]::ParameterName, 'Sample exactly as the PyTorch implementation does, with its flaws')
            [CompletionResult]::new('--preview', '--preview', [CompletionResultType]::ParameterName, 'Show the images in the terminal while they are drawn: 16 of the first batch at most')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what drawing would need in memory and exit')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'infer;edit' {
            [CompletionResult]::new('--image', '--image', [CompletionResultType]::ParameterName, 'The picture: PNG, JPEG or WebP, of a size that the model draws; with --from-stage, and without --mask, also of half the sides of that stage or of one above. It is turned as its EXIF orientation says; transparency is left out, as in training')
            [CompletionResult]::new('--mask', '--mask', [CompletionResultType]::ParameterName, 'What to draw anew, an image of the picture''s size: white is drawn, black stays, grey is mixed. Of one with transparency, what is transparent is drawn')
            [CompletionResult]::new('--strength', '--strength', [CompletionResultType]::ParameterName, 'How much is drawn anew: 0 is the picture, 1 begins with nothing of it. [default: 0.6, with --mask 1]')
            [CompletionResult]::new('--from-stage', '--from-stage', [CompletionResultType]::ParameterName, 'Begin at the start of this stage, counted from 0, with the picture in half the stage''s sides: what is coarser stays, detail is new. From stage 0, without --mask, nothing of the picture is used')
            [CompletionResult]::new('--resample', '--resample', [CompletionResultType]::ParameterName, 'With --mask: how often the second half of each stage is gone through, 1 to 32. More harmonises the seam of what stays and what is drawn, and costs as much again for every two (RePaint, arXiv 2201.09865)')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'A run''s folder, a checkpoint, a model''s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]')
            [CompletionResult]::new('--weights', '--weights', [CompletionResultType]::ParameterName, 'Of a training checkpoint: the moving average, or the weights being trained')
            [CompletionResult]::new('--lora', '--lora', [CompletionResultType]::ParameterName, 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added')
            [CompletionResult]::new('--guide-model', '--guide-model', [CompletionResultType]::ParameterName, 'Guide the model away from this one, instead of from what it draws without a condition (autoguidance, arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the class or prompt: images get better and keep their variety. The paper guides at all times: constant:2 rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where g is not 1, and memory for the weights of both')
            [CompletionResult]::new('--guide-weights', '--guide-weights', [CompletionResultType]::ParameterName, 'Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are the worse ones')
            [CompletionResult]::new('--prompt', '--prompt', [CompletionResultType]::ParameterName, 'What a text model shall draw; may be given several times')
            [CompletionResult]::new('--prompts', '--prompts', [CompletionResultType]::ParameterName, 'A file with a prompt a line; `-` for the standard input')
            [CompletionResult]::new('--negative', '--negative', [CompletionResultType]::ParameterName, 'What a text model shall not draw')
            [CompletionResult]::new('--text-encoder', '--text-encoder', [CompletionResultType]::ParameterName, 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model''s]')
            [CompletionResult]::new('--text-dtype', '--text-dtype', [CompletionResultType]::ParameterName, 'Format of the text encoder''s weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Images of each class or prompt')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed and number of an image, which grids write above their columns, are its noise: another class or word keeps the composition. --batch and --count change nothing')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model''s]')
            [CompletionResult]::new('--solver', '--solver', [CompletionResultType]::ParameterName, 'How the differential equation is solved. [default: the model''s]')
            [CompletionResult]::new('--guidance', '--guidance', [CompletionResultType]::ParameterName, 'A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without one, stage-wise for classes and constant for text. [default: the model''s]')
            [CompletionResult]::new('--guidance-rule', '--guidance-rule', [CompletionResultType]::ParameterName, 'How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings: cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model''s]')
            [CompletionResult]::new('--shift', '--shift', [CompletionResultType]::ParameterName, 'Warp of the time within a stage; 1 is none')
            [CompletionResult]::new('--rtol', '--rtol', [CompletionResultType]::ParameterName, 'Relative tolerance of dopri5')
            [CompletionResult]::new('--atol', '--atol', [CompletionResultType]::ParameterName, 'Absolute tolerance of dopri5')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Images drawn at once; changes speed and memory, not the images')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'FILE.png for a grid, FILE.npz for an array, a folder for single files. [default: samples/grid-N.png]')
            [CompletionResult]::new('--scale', '--scale', [CompletionResultType]::ParameterName, 'How many times the images of a grid are enlarged. [default: to 96 pixels or more]')
            [CompletionResult]::new('--strip', '--strip', [CompletionResultType]::ParameterName, 'Also write a picture with the ends of the stages side by side, of 16 images of the first batch at most')
            [CompletionResult]::new('--animation', '--animation', [CompletionResultType]::ParameterName, 'Also write every step as a moving picture: FILE.gif, FILE.webp, or FILE.png. Of the same images as --strip')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1')
            [CompletionResult]::new('--dtype', '--dtype', [CompletionResultType]::ParameterName, 'Format of weights and activations; norms, softmax and the solver stay in f32. f16 and bf16 need half the memory of f32, and are faster on most GPUs; on CPUs f32 is fastest. int8 needs a quarter for the weights and computes in f32, everywhere; weights that are in int8 on disk stay so')
            [CompletionResult]::new('--class', '--class', [CompletionResultType]::ParameterName, 'Classes by name or number, separated by commas; each is drawn once. [default: what the picture''s recipe says]')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Size of the images in pixels: 32, or height and width as 48x32. [default: the picture''s; with --from-stage the model''s own if the picture leads to it, else the smallest that fits]')
            [CompletionResult]::new('--reference', '--reference', [CompletionResultType]::ParameterName, 'Sample exactly as the PyTorch implementation does, with its flaws')
            [CompletionResult]::new('--preview', '--preview', [CompletionResultType]::ParameterName, 'Show the images in the terminal while they are drawn: 16 of the first batch at most')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what drawing would need in memory and exit')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'infer;replay' {
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Where the model is. [default: the demo it was drawn with, or the folder of its name here]')
            [CompletionResult]::new('--lora', '--lora', [CompletionResultType]::ParameterName, 'An adapter that the model was changed with: see `infer sample`. Several in the order of the picture''s')
            [CompletionResult]::new('--guide-model', '--guide-model', [CompletionResultType]::ParameterName, 'Where the guide is, of a picture that was drawn with one. [default: as of the model]')
            [CompletionResult]::new('--text-encoder', '--text-encoder', [CompletionResultType]::ParameterName, 'Where the text encoder is. [default: the model''s]')
            [CompletionResult]::new('--image', '--image', [CompletionResultType]::ParameterName, 'The picture that it is an edit of. Its pixels are compared with the recipe''s hash')
            [CompletionResult]::new('--mask', '--mask', [CompletionResultType]::ParameterName, 'The mask that it was edited with')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Also write the new picture here')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where to compute')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'infer;serve' {
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'A run''s folder, a checkpoint, a model''s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]')
            [CompletionResult]::new('--weights', '--weights', [CompletionResultType]::ParameterName, 'Of a training checkpoint: the moving average, or the weights being trained')
            [CompletionResult]::new('--lora', '--lora', [CompletionResultType]::ParameterName, 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added')
            [CompletionResult]::new('--guide-model', '--guide-model', [CompletionResultType]::ParameterName, 'Guide the model away from this one, instead of from what it draws without a condition (autoguidance, arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the class or prompt: images get better and keep their variety. The paper guides at all times: constant:2 rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where g is not 1, and memory for the weights of both')
            [CompletionResult]::new('--guide-weights', '--guide-weights', [CompletionResultType]::ParameterName, 'Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are the worse ones')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model''s]')
            [CompletionResult]::new('--solver', '--solver', [CompletionResultType]::ParameterName, 'How the differential equation is solved. [default: the model''s]')
            [CompletionResult]::new('--guidance', '--guidance', [CompletionResultType]::ParameterName, 'A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without one, stage-wise for classes and constant for text. [default: the model''s]')
            [CompletionResult]::new('--guidance-rule', '--guidance-rule', [CompletionResultType]::ParameterName, 'How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings: cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model''s]')
            [CompletionResult]::new('--shift', '--shift', [CompletionResultType]::ParameterName, 'Warp of the time within a stage; 1 is none')
            [CompletionResult]::new('--rtol', '--rtol', [CompletionResultType]::ParameterName, 'Relative tolerance of dopri5')
            [CompletionResult]::new('--atol', '--atol', [CompletionResultType]::ParameterName, 'Absolute tolerance of dopri5')
            [CompletionResult]::new('--text-encoder', '--text-encoder', [CompletionResultType]::ParameterName, 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model''s]')
            [CompletionResult]::new('--text-dtype', '--text-dtype', [CompletionResultType]::ParameterName, 'Format of the text encoder''s weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]')
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'The address to listen on; 0.0.0.0 is all of them. Beyond this machine it needs a token')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'The port to listen on; 0 for any that is free')
            [CompletionResult]::new('--allow-host', '--allow-host', [CompletionResultType]::ParameterName, 'A name by which browsers may reach the server, besides its address and localhost; may be given several times. Others are refused, so that no web page can reach it under a name of its own')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that every request must bring, as `Authorization: Bearer TOKEN`. [default: the environment''s `PIXELFLOW_TOKEN`, if it is set]')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Images that may wait; more are refused until there is room')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Finished images that stay in memory, 512 MiB at most; the oldest jobs go first, the newest always stays')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Images drawn at once, of one request or of several; changes speed and memory, not the images')
            [CompletionResult]::new('--max-pixels', '--max-pixels', [CompletionResultType]::ParameterName, 'Pixels of an image, at most, whether it is drawn or sent to be edited')
            [CompletionResult]::new('--max-steps', '--max-steps', [CompletionResultType]::ParameterName, 'Steps a stage, at most, of whatever solver')
            [CompletionResult]::new('--grace', '--grace', [CompletionResultType]::ParameterName, 'Seconds that requests have to be finished in when the server is told to end')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1')
            [CompletionResult]::new('--dtype', '--dtype', [CompletionResultType]::ParameterName, 'Format of weights and activations; norms, softmax and the solver stay in f32')
            [CompletionResult]::new('--reference', '--reference', [CompletionResultType]::ParameterName, 'Sample exactly as the PyTorch implementation does, with its flaws')
            [CompletionResult]::new('--no-token', '--no-token', [CompletionResultType]::ParameterName, 'Serve beyond this machine without a token: whoever reaches the address may draw')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'infer;info' {
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'A run''s folder, a checkpoint, a model''s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]')
            [CompletionResult]::new('--weights', '--weights', [CompletionResultType]::ParameterName, 'Of a training checkpoint: the moving average, or the weights being trained')
            [CompletionResult]::new('--lora', '--lora', [CompletionResultType]::ParameterName, 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'infer;doctor' {
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'A run''s folder, a checkpoint, a model''s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]')
            [CompletionResult]::new('--weights', '--weights', [CompletionResultType]::ParameterName, 'Of a training checkpoint: the moving average, or the weights being trained')
            [CompletionResult]::new('--lora', '--lora', [CompletionResultType]::ParameterName, 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model''s]')
            [CompletionResult]::new('--solver', '--solver', [CompletionResultType]::ParameterName, 'How the differential equation is solved. [default: the model''s]')
            [CompletionResult]::new('--guidance', '--guidance', [CompletionResultType]::ParameterName, 'A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without one, stage-wise for classes and constant for text. [default: the model''s]')
            [CompletionResult]::new('--guidance-rule', '--guidance-rule', [CompletionResultType]::ParameterName, 'How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings: cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model''s]')
            [CompletionResult]::new('--shift', '--shift', [CompletionResultType]::ParameterName, 'Warp of the time within a stage; 1 is none')
            [CompletionResult]::new('--rtol', '--rtol', [CompletionResultType]::ParameterName, 'Relative tolerance of dopri5')
            [CompletionResult]::new('--atol', '--atol', [CompletionResultType]::ParameterName, 'Absolute tolerance of dopri5')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1')
            [CompletionResult]::new('--dtype', '--dtype', [CompletionResultType]::ParameterName, 'Format of weights and activations')
            [CompletionResult]::new('--reference', '--reference', [CompletionResultType]::ParameterName, 'Sample exactly as the PyTorch implementation does, with its flaws')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'infer;evaluate' {
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Draw and measure again what a certificate says, and say of each of its numbers whether it stands; the exit code is 0 if all do, else 1. Model, data and networks of another hash are refused')
            [CompletionResult]::new('--reference', '--reference', [CompletionResultType]::ParameterName, 'Where the reference is. [default: what comes with the program, or what has its name here]')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Where the model is. [default: the demo, or the folder of its name here]')
            [CompletionResult]::new('--guide-model', '--guide-model', [CompletionResultType]::ParameterName, 'Where the guide is, if the images were drawn with one. [default: the folder of its name here]')
            [CompletionResult]::new('--text-encoder', '--text-encoder', [CompletionResultType]::ParameterName, 'What prompts are read with. [default: the model''s]')
            [CompletionResult]::new('--prompts', '--prompts', [CompletionResultType]::ParameterName, 'The prompts, where the certificate has only their hash')
            [CompletionResult]::new('--extractor', '--extractor', [CompletionResultType]::ParameterName, 'The weights of Inception-v3 or DINOv2, where one of them was looked through')
            [CompletionResult]::new('--train', '--train', [CompletionResultType]::ParameterName, 'Where the training images are, where copies were looked for. [default: what has their name here]')
            [CompletionResult]::new('--held-out', '--held-out', [CompletionResultType]::ParameterName, 'The same of the held-out images')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Images computed at once. [default: as for the certificate, but 32 at most]')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where to compute. [default: the certificate''s kind of device if it is here, else auto]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('images', 'images', [CompletionResultType]::ParameterValue, 'Compare images with real ones: FD or FID, KID, precision, recall, and whether they are copies')
            [CompletionResult]::new('model', 'model', [CompletionResultType]::ParameterValue, 'Draw images with a model and compare them with real ones; none is written')
            [CompletionResult]::new('reference', 'reference', [CompletionResultType]::ParameterValue, 'Write the statistics of real images, which stand for them in other measurements')
            [CompletionResult]::new('compare', 'compare', [CompletionResultType]::ParameterValue, 'Say which differences of two results are more than chance')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Add up what --partial wrote to statistics, a side of `infer evaluate images`')
            [CompletionResult]::new('captions', 'captions', [CompletionResultType]::ParameterValue, 'Measure how well drawn images follow their captions')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'infer;evaluate;images' {
            [CompletionResult]::new('--images', '--images', [CompletionResultType]::ParameterName, 'Measure exactly so many of SAMPLES, the first; fewer are an error. [default: all]')
            [CompletionResult]::new('--inception', '--inception', [CompletionResultType]::ParameterName, 'See through Inception-v3, whose numbers are FID, sFID, IS, KID: pt_inception-2015-12-05-6726825d.pth of pytorch-fid. [default: the shipped EfficientNet-Lite0: FD-EffLite0, KID-EffLite0, which are no FID]')
            [CompletionResult]::new('--dinov2', '--dinov2', [CompletionResultType]::ParameterName, 'See through DINOv2 ViT-L/14, whose numbers are FD-DINOv2, KID-DINOv2: dinov2_vitl14_pretrain.pth of facebookresearch')
            [CompletionResult]::new('--protocol', '--protocol', [CompletionResultType]::ParameterName, 'Whose numbers are reproduced: how images come to Inception''s size, and into which parts they are split')
            [CompletionResult]::new('--metrics', '--metrics', [CompletionResultType]::ParameterName, 'Which metrics. `frechet,score` needs no more memory for more images')
            [CompletionResult]::new('--train', '--train', [CompletionResultType]::ParameterName, 'The images that the model was trained on: adds memorisation, the share of samples that are nearer to one of them than the nearest 1 % of --held-out are')
            [CompletionResult]::new('--held-out', '--held-out', [CompletionResultType]::ParameterName, 'Real images that the model was not trained on')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Also write everything as JSON here; `-` writes it to the standard output instead of the table')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Images computed at once; changes speed and memory. On the CPU they go through the network side by side: as many as there are cores, at least')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'infer;evaluate;model' {
            [CompletionResult]::new('--images', '--images', [CompletionResultType]::ParameterName, 'How many images are drawn for each repeat; papers mostly have 50000')
            [CompletionResult]::new('--repeats', '--repeats', [CompletionResultType]::ParameterName, 'How many times it is done, each with a seed of its own: the mean is printed with its standard error')
            [CompletionResult]::new('--labels', '--labels', [CompletionResultType]::ParameterName, 'Which class an image has')
            [CompletionResult]::new('--prompts', '--prompts', [CompletionResultType]::ParameterName, 'A file with a prompt a line, which a text model draws; `-` for the standard input')
            [CompletionResult]::new('--certificate', '--certificate', [CompletionResultType]::ParameterName, 'Also write a certificate here, which `infer evaluate --check` draws and measures again: FILE.json, and FILE.html beside it with the first images. Nothing that exists is replaced')
            [CompletionResult]::new('--partial', '--partial', [CompletionResultType]::ParameterName, 'Compare nothing; write the sums of the features to FILE.npz, or to I-of-N.npz in a folder')
            [CompletionResult]::new('--shard', '--shard', [CompletionResultType]::ParameterName, 'Draw only part I of N, 1/4 to 4/4, in whole batches. auto: what Slurm (array, srun) or Open MPI say in the environment')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'A run''s folder, a checkpoint, a model''s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]')
            [CompletionResult]::new('--weights', '--weights', [CompletionResultType]::ParameterName, 'Of a training checkpoint: the moving average, or the weights being trained')
            [CompletionResult]::new('--lora', '--lora', [CompletionResultType]::ParameterName, 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added')
            [CompletionResult]::new('--guide-model', '--guide-model', [CompletionResultType]::ParameterName, 'Guide the model away from this one, instead of from what it draws without a condition (autoguidance, arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the class or prompt: images get better and keep their variety. The paper guides at all times: constant:2 rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where g is not 1, and memory for the weights of both')
            [CompletionResult]::new('--guide-weights', '--guide-weights', [CompletionResultType]::ParameterName, 'Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are the worse ones')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model''s]')
            [CompletionResult]::new('--solver', '--solver', [CompletionResultType]::ParameterName, 'How the differential equation is solved. [default: the model''s]')
            [CompletionResult]::new('--guidance', '--guidance', [CompletionResultType]::ParameterName, 'A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without one, stage-wise for classes and constant for text. [default: the model''s]')
            [CompletionResult]::new('--guidance-rule', '--guidance-rule', [CompletionResultType]::ParameterName, 'How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings: cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model''s]')
            [CompletionResult]::new('--shift', '--shift', [CompletionResultType]::ParameterName, 'Warp of the time within a stage; 1 is none')
            [CompletionResult]::new('--rtol', '--rtol', [CompletionResultType]::ParameterName, 'Relative tolerance of dopri5')
            [CompletionResult]::new('--atol', '--atol', [CompletionResultType]::ParameterName, 'Absolute tolerance of dopri5')
            [CompletionResult]::new('--negative', '--negative', [CompletionResultType]::ParameterName, 'What a text model shall not draw')
            [CompletionResult]::new('--text-encoder', '--text-encoder', [CompletionResultType]::ParameterName, 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model''s]')
            [CompletionResult]::new('--text-dtype', '--text-dtype', [CompletionResultType]::ParameterName, 'Format of the text encoder''s weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'The same seed gives the same images, whatever --batch or the other captions')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Images drawn at once; changes speed and memory, not the images')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1')
            [CompletionResult]::new('--dtype', '--dtype', [CompletionResultType]::ParameterName, 'Format of weights and activations; norms, softmax and the solver stay in f32')
            [CompletionResult]::new('--inception', '--inception', [CompletionResultType]::ParameterName, 'See through Inception-v3, whose numbers are FID, sFID, IS, KID: pt_inception-2015-12-05-6726825d.pth of pytorch-fid. [default: the shipped EfficientNet-Lite0: FD-EffLite0, KID-EffLite0, which are no FID]')
            [CompletionResult]::new('--dinov2', '--dinov2', [CompletionResultType]::ParameterName, 'See through DINOv2 ViT-L/14, whose numbers are FD-DINOv2, KID-DINOv2: dinov2_vitl14_pretrain.pth of facebookresearch')
            [CompletionResult]::new('--protocol', '--protocol', [CompletionResultType]::ParameterName, 'Whose numbers are reproduced: how images come to Inception''s size, and into which parts they are split')
            [CompletionResult]::new('--metrics', '--metrics', [CompletionResultType]::ParameterName, 'Which metrics. `frechet,score` needs no more memory for more images')
            [CompletionResult]::new('--train', '--train', [CompletionResultType]::ParameterName, 'The images that the model was trained on: adds memorisation, the share of samples that are nearer to one of them than the nearest 1 % of --held-out are')
            [CompletionResult]::new('--held-out', '--held-out', [CompletionResultType]::ParameterName, 'Real images that the model was not trained on')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Also write everything as JSON here; `-` writes it to the standard output instead of the table')
            [CompletionResult]::new('--reference', '--reference', [CompletionResultType]::ParameterName, 'Sample exactly as the PyTorch implementation does, with its flaws')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'infer;evaluate;reference' {
            [CompletionResult]::new('--partial', '--partial', [CompletionResultType]::ParameterName, 'Write the sums of the features to FILE.npz, or to I-of-N.npz in a folder, instead of statistics; saved and gone on from as of `infer evaluate model`')
            [CompletionResult]::new('--shard', '--shard', [CompletionResultType]::ParameterName, 'Take only part I of N of the images, 1/4 to 4/4, in whole batches. auto: what Slurm (array, srun) or Open MPI say in the environment')
            [CompletionResult]::new('--inception', '--inception', [CompletionResultType]::ParameterName, 'See through Inception-v3, whose numbers are FID, sFID, IS, KID: pt_inception-2015-12-05-6726825d.pth of pytorch-fid. [default: the shipped EfficientNet-Lite0: FD-EffLite0, KID-EffLite0, which are no FID]')
            [CompletionResult]::new('--dinov2', '--dinov2', [CompletionResultType]::ParameterName, 'See through DINOv2 ViT-L/14, whose numbers are FD-DINOv2, KID-DINOv2: dinov2_vitl14_pretrain.pth of facebookresearch')
            [CompletionResult]::new('--protocol', '--protocol', [CompletionResultType]::ParameterName, 'Whose numbers are reproduced: how images come to Inception''s size, and into which parts they are split')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Images computed at once; changes speed and memory. On the CPU they go through the network side by side: as many as there are cores, at least')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'infer;evaluate;compare' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Also write everything as JSON here; `-` writes it to the standard output instead of the table')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'infer;evaluate;merge' {
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'FILE.npz for the statistics, as `infer evaluate reference` writes them. Nothing that exists is replaced')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'infer;evaluate;captions' {
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'A run''s folder, a checkpoint, a model''s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]')
            [CompletionResult]::new('--weights', '--weights', [CompletionResultType]::ParameterName, 'Of a training checkpoint: the moving average, or the weights being trained')
            [CompletionResult]::new('--lora', '--lora', [CompletionResultType]::ParameterName, 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added')
            [CompletionResult]::new('--guide-model', '--guide-model', [CompletionResultType]::ParameterName, 'Guide the model away from this one, instead of from what it draws without a condition (autoguidance, arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the class or prompt: images get better and keep their variety. The paper guides at all times: constant:2 rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where g is not 1, and memory for the weights of both')
            [CompletionResult]::new('--guide-weights', '--guide-weights', [CompletionResultType]::ParameterName, 'Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are the worse ones')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model''s]')
            [CompletionResult]::new('--solver', '--solver', [CompletionResultType]::ParameterName, 'How the differential equation is solved. [default: the model''s]')
            [CompletionResult]::new('--guidance', '--guidance', [CompletionResultType]::ParameterName, 'A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without one, stage-wise for classes and constant for text. [default: the model''s]')
            [CompletionResult]::new('--guidance-rule', '--guidance-rule', [CompletionResultType]::ParameterName, 'How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings: cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model''s]')
            [CompletionResult]::new('--shift', '--shift', [CompletionResultType]::ParameterName, 'Warp of the time within a stage; 1 is none')
            [CompletionResult]::new('--rtol', '--rtol', [CompletionResultType]::ParameterName, 'Relative tolerance of dopri5')
            [CompletionResult]::new('--atol', '--atol', [CompletionResultType]::ParameterName, 'Absolute tolerance of dopri5')
            [CompletionResult]::new('--negative', '--negative', [CompletionResultType]::ParameterName, 'What a text model shall not draw')
            [CompletionResult]::new('--text-encoder', '--text-encoder', [CompletionResultType]::ParameterName, 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model''s]')
            [CompletionResult]::new('--text-dtype', '--text-dtype', [CompletionResultType]::ParameterName, 'Format of the text encoder''s weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'The same seed gives the same images, whatever --batch or the other captions')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Images drawn at once; changes speed and memory, not the images')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1')
            [CompletionResult]::new('--dtype', '--dtype', [CompletionResultType]::ParameterName, 'Format of weights and activations; norms, softmax and the solver stay in f32')
            [CompletionResult]::new('--train', '--train', [CompletionResultType]::ParameterName, '`WebDataset` tar, or a folder of them, that the probes learn from: images with their attributes in .json, texts or null. [default: assets/demo/heroes.tar]')
            [CompletionResult]::new('--heldout', '--heldout', [CompletionResultType]::ParameterName, 'The same of images that the model was not trained on; their captions are drawn. [default: assets/demo/heroes-heldout.tar]')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Only the first so many held-out captions. [default: all]')
            [CompletionResult]::new('--edit', '--edit', [CompletionResultType]::ParameterName, 'Edit the real held-out images: give this attribute another value in the caption, draw the pixels anew that tell its values apart, and measure how often the new value is read off, beside images drawn as a whole')
            [CompletionResult]::new('--resample', '--resample', [CompletionResultType]::ParameterName, 'Passes at the seam of an edit')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Also write the table here as JSON')
            [CompletionResult]::new('--grid', '--grid', [CompletionResultType]::ParameterName, 'Also write a picture here of some captions: drawn image on the left, real one on the right')
            [CompletionResult]::new('--reference', '--reference', [CompletionResultType]::ParameterName, 'Sample exactly as the PyTorch implementation does, with its flaws')
            [CompletionResult]::new('--real-only', '--real-only', [CompletionResultType]::ParameterName, 'Measure the real images alone, the ceiling; needs no model')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'infer;evaluate;help' {
            [CompletionResult]::new('images', 'images', [CompletionResultType]::ParameterValue, 'Compare images with real ones: FD or FID, KID, precision, recall, and whether they are copies')
            [CompletionResult]::new('model', 'model', [CompletionResultType]::ParameterValue, 'Draw images with a model and compare them with real ones; none is written')
            [CompletionResult]::new('reference', 'reference', [CompletionResultType]::ParameterValue, 'Write the statistics of real images, which stand for them in other measurements')
            [CompletionResult]::new('compare', 'compare', [CompletionResultType]::ParameterValue, 'Say which differences of two results are more than chance')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Add up what --partial wrote to statistics, a side of `infer evaluate images`')
            [CompletionResult]::new('captions', 'captions', [CompletionResultType]::ParameterValue, 'Measure how well drawn images follow their captions')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'infer;evaluate;help;images' {
            break
        }
        'infer;evaluate;help;model' {
            break
        }
        'infer;evaluate;help;reference' {
            break
        }
        'infer;evaluate;help;compare' {
            break
        }
        'infer;evaluate;help;merge' {
            break
        }
        'infer;evaluate;help;captions' {
            break
        }
        'infer;evaluate;help;help' {
            break
        }
        'infer;sweep' {
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Models to compare, each as `infer sample` takes it. [default: the demo]')
            [CompletionResult]::new('--weights', '--weights', [CompletionResultType]::ParameterName, 'Of training checkpoints: their moving averages, or the weights being trained, or both')
            [CompletionResult]::new('--solver', '--solver', [CompletionResultType]::ParameterName, 'Solvers')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Steps a stage, each one number, or one for each stage such as 4,6,10')
            [CompletionResult]::new('--guidance', '--guidance', [CompletionResultType]::ParameterName, 'Guidance: scales, or schedules such as interval:1.5@0.2-0.8; see `infer sample`')
            [CompletionResult]::new('--guidance-rule', '--guidance-rule', [CompletionResultType]::ParameterName, 'Rules of guidance: plain, cfg-zero-star, apg, with or without settings; see `infer sample`')
            [CompletionResult]::new('--shift', '--shift', [CompletionResultType]::ParameterName, 'Warps of the time within a stage')
            [CompletionResult]::new('--guide-model', '--guide-model', [CompletionResultType]::ParameterName, 'Guide the model away from this one, instead of from what it draws without a condition (autoguidance, arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the class or prompt: images get better and keep their variety. The paper guides at all times: constant:2 rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where g is not 1, and memory for the weights of both')
            [CompletionResult]::new('--guide-weights', '--guide-weights', [CompletionResultType]::ParameterName, 'Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are the worse ones')
            [CompletionResult]::new('--images', '--images', [CompletionResultType]::ParameterName, 'How many images are drawn for each cell and repeat')
            [CompletionResult]::new('--repeats', '--repeats', [CompletionResultType]::ParameterName, 'How many times each cell is measured, each time with a seed of its own')
            [CompletionResult]::new('--confirm', '--confirm', [CompletionResultType]::ParameterName, 'How many times the best cells are measured again with fresh seeds; 0 is never')
            [CompletionResult]::new('--labels', '--labels', [CompletionResultType]::ParameterName, 'Which class an image has')
            [CompletionResult]::new('--prompts', '--prompts', [CompletionResultType]::ParameterName, 'A file with a prompt a line, which a text model draws')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of the first repeat; each further one has the next')
            [CompletionResult]::new('--negative', '--negative', [CompletionResultType]::ParameterName, 'What a text model shall not draw')
            [CompletionResult]::new('--text-encoder', '--text-encoder', [CompletionResultType]::ParameterName, 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model''s]')
            [CompletionResult]::new('--text-dtype', '--text-dtype', [CompletionResultType]::ParameterName, 'Format of the text encoder''s weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Images drawn at once; changes speed and memory, not the images')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1')
            [CompletionResult]::new('--dtype', '--dtype', [CompletionResultType]::ParameterName, 'Format of weights and activations; norms, softmax and the solver stay in f32')
            [CompletionResult]::new('--inception', '--inception', [CompletionResultType]::ParameterName, 'See through Inception-v3, whose numbers are FID, sFID, IS, KID: pt_inception-2015-12-05-6726825d.pth of pytorch-fid. [default: the shipped EfficientNet-Lite0: FD-EffLite0, KID-EffLite0, which are no FID]')
            [CompletionResult]::new('--dinov2', '--dinov2', [CompletionResultType]::ParameterName, 'See through DINOv2 ViT-L/14, whose numbers are FD-DINOv2, KID-DINOv2: dinov2_vitl14_pretrain.pth of facebookresearch')
            [CompletionResult]::new('--protocol', '--protocol', [CompletionResultType]::ParameterName, 'Whose numbers are reproduced: how images come to Inception''s size, and into which parts they are split')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'The folder of cells.jsonl, table.md, heat-map and quality as .png and .svg. [default: sweeps/sweep-N]')
            [CompletionResult]::new('--shard', '--shard', [CompletionResultType]::ParameterName, 'Only part I of N, 1/4 to 4/4: every N-th cell. auto: what Slurm or Open MPI say in the environment. The parts may go into one folder at a time')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Draw nothing: make the report of what is measured in a folder')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print the cells, and what they would cost, and exit')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'infer;evaluate-captions' {
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'A run''s folder, a checkpoint, a model''s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]')
            [CompletionResult]::new('--weights', '--weights', [CompletionResultType]::ParameterName, 'Of a training checkpoint: the moving average, or the weights being trained')
            [CompletionResult]::new('--lora', '--lora', [CompletionResultType]::ParameterName, 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added')
            [CompletionResult]::new('--guide-model', '--guide-model', [CompletionResultType]::ParameterName, 'Guide the model away from this one, instead of from what it draws without a condition (autoguidance, arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the class or prompt: images get better and keep their variety. The paper guides at all times: constant:2 rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where g is not 1, and memory for the weights of both')
            [CompletionResult]::new('--guide-weights', '--guide-weights', [CompletionResultType]::ParameterName, 'Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are the worse ones')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model''s]')
            [CompletionResult]::new('--solver', '--solver', [CompletionResultType]::ParameterName, 'How the differential equation is solved. [default: the model''s]')
            [CompletionResult]::new('--guidance', '--guidance', [CompletionResultType]::ParameterName, 'A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without one, stage-wise for classes and constant for text. [default: the model''s]')
            [CompletionResult]::new('--guidance-rule', '--guidance-rule', [CompletionResultType]::ParameterName, 'How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings: cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model''s]')
            [CompletionResult]::new('--shift', '--shift', [CompletionResultType]::ParameterName, 'Warp of the time within a stage; 1 is none')
            [CompletionResult]::new('--rtol', '--rtol', [CompletionResultType]::ParameterName, 'Relative tolerance of dopri5')
            [CompletionResult]::new('--atol', '--atol', [CompletionResultType]::ParameterName, 'Absolute tolerance of dopri5')
            [CompletionResult]::new('--negative', '--negative', [CompletionResultType]::ParameterName, 'What a text model shall not draw')
            [CompletionResult]::new('--text-encoder', '--text-encoder', [CompletionResultType]::ParameterName, 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model''s]')
            [CompletionResult]::new('--text-dtype', '--text-dtype', [CompletionResultType]::ParameterName, 'Format of the text encoder''s weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'The same seed gives the same images, whatever --batch or the other captions')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Images drawn at once; changes speed and memory, not the images')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1')
            [CompletionResult]::new('--dtype', '--dtype', [CompletionResultType]::ParameterName, 'Format of weights and activations; norms, softmax and the solver stay in f32')
            [CompletionResult]::new('--train', '--train', [CompletionResultType]::ParameterName, '`WebDataset` tar, or a folder of them, that the probes learn from: images with their attributes in .json, texts or null. [default: assets/demo/heroes.tar]')
            [CompletionResult]::new('--heldout', '--heldout', [CompletionResultType]::ParameterName, 'The same of images that the model was not trained on; their captions are drawn. [default: assets/demo/heroes-heldout.tar]')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Only the first so many held-out captions. [default: all]')
            [CompletionResult]::new('--edit', '--edit', [CompletionResultType]::ParameterName, 'Edit the real held-out images: give this attribute another value in the caption, draw the pixels anew that tell its values apart, and measure how often the new value is read off, beside images drawn as a whole')
            [CompletionResult]::new('--resample', '--resample', [CompletionResultType]::ParameterName, 'Passes at the seam of an edit')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Also write the table here as JSON')
            [CompletionResult]::new('--grid', '--grid', [CompletionResultType]::ParameterName, 'Also write a picture here of some captions: drawn image on the left, real one on the right')
            [CompletionResult]::new('--reference', '--reference', [CompletionResultType]::ParameterName, 'Sample exactly as the PyTorch implementation does, with its flaws')
            [CompletionResult]::new('--real-only', '--real-only', [CompletionResultType]::ParameterName, 'Measure the real images alone, the ceiling; needs no model')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'infer;generate' {
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'A run''s folder, a checkpoint, a model''s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]')
            [CompletionResult]::new('--weights', '--weights', [CompletionResultType]::ParameterName, 'Of a training checkpoint: the moving average, or the weights being trained')
            [CompletionResult]::new('--lora', '--lora', [CompletionResultType]::ParameterName, 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added')
            [CompletionResult]::new('--guide-model', '--guide-model', [CompletionResultType]::ParameterName, 'Guide the model away from this one, instead of from what it draws without a condition (autoguidance, arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the class or prompt: images get better and keep their variety. The paper guides at all times: constant:2 rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where g is not 1, and memory for the weights of both')
            [CompletionResult]::new('--guide-weights', '--guide-weights', [CompletionResultType]::ParameterName, 'Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are the worse ones')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model''s]')
            [CompletionResult]::new('--solver', '--solver', [CompletionResultType]::ParameterName, 'How the differential equation is solved. [default: the model''s]')
            [CompletionResult]::new('--guidance', '--guidance', [CompletionResultType]::ParameterName, 'A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without one, stage-wise for classes and constant for text. [default: the model''s]')
            [CompletionResult]::new('--guidance-rule', '--guidance-rule', [CompletionResultType]::ParameterName, 'How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings: cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model''s]')
            [CompletionResult]::new('--shift', '--shift', [CompletionResultType]::ParameterName, 'Warp of the time within a stage; 1 is none')
            [CompletionResult]::new('--rtol', '--rtol', [CompletionResultType]::ParameterName, 'Relative tolerance of dopri5')
            [CompletionResult]::new('--atol', '--atol', [CompletionResultType]::ParameterName, 'Absolute tolerance of dopri5')
            [CompletionResult]::new('--negative', '--negative', [CompletionResultType]::ParameterName, 'What a text model shall not draw')
            [CompletionResult]::new('--text-encoder', '--text-encoder', [CompletionResultType]::ParameterName, 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model''s]')
            [CompletionResult]::new('--text-dtype', '--text-dtype', [CompletionResultType]::ParameterName, 'Format of the text encoder''s weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'The same seed gives the same images, whatever --batch or the other captions')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Images drawn at once; changes speed and memory, not the images')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1')
            [CompletionResult]::new('--dtype', '--dtype', [CompletionResultType]::ParameterName, 'Format of weights and activations; norms, softmax and the solver stay in f32')
            [CompletionResult]::new('--layout', '--layout', [CompletionResultType]::ParameterName, 'Whose layout')
            [CompletionResult]::new('--prompts', '--prompts', [CompletionResultType]::ParameterName, 'geneval: `evaluation_metadata.jsonl`; dpg: the folder of ID.txt; t2i-compbench: `CATEGORY_val.txt`; coco: `captions_val2014.json`, lines `ID TAB caption` in a .tsv, or caption lines in a .txt')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'The folder; of t2i-compbench one for each category')
            [CompletionResult]::new('--images', '--images', [CompletionResultType]::ParameterName, 'Images of each prompt. [default: geneval 4, dpg 4 in one picture, t2i-compbench 10, coco 1]')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Size of the images in pixels: 256, or height and width as 256x192. [default: what the model was trained on]')
            [CompletionResult]::new('--shard', '--shard', [CompletionResultType]::ParameterName, 'Only part I of N, 1/4 to 4/4: every N-th prompt. The parts may go into one folder at a time. auto: what Slurm (array, srun) or Open MPI say in the environment')
            [CompletionResult]::new('--reference', '--reference', [CompletionResultType]::ParameterName, 'Sample exactly as the PyTorch implementation does, with its flaws')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Draw nothing, check the finished folder: every file there, sound, of the right size, nothing else. Needs no model')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'infer;convert' {
            [CompletionResult]::new('--dtype', '--dtype', [CompletionResultType]::ParameterName, 'Number format of the floats. [default: each as it is]')
            [CompletionResult]::new('--max-shard-size', '--max-shard-size', [CompletionResultType]::ParameterName, 'Spread the tensors over files of at most this size, such as 2GB. [default: one file]')
            [CompletionResult]::new('--weights', '--weights', [CompletionResultType]::ParameterName, 'Of a training checkpoint: the moving average, or the weights being trained')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write a line for each tensor here: shape, formats, largest absolute and relative error')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'infer;merge' {
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'A run''s folder, a checkpoint, a model''s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]')
            [CompletionResult]::new('--weights', '--weights', [CompletionResultType]::ParameterName, 'Of a training checkpoint: the moving average, or the weights being trained')
            [CompletionResult]::new('--lora', '--lora', [CompletionResultType]::ParameterName, 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added')
            [CompletionResult]::new('--dtype', '--dtype', [CompletionResultType]::ParameterName, 'Number format of the new weights: f32, f16 or bf16')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'infer;help' {
            [CompletionResult]::new('sample', 'sample', [CompletionResultType]::ParameterValue, 'Draw images')
            [CompletionResult]::new('edit', 'edit', [CompletionResultType]::ParameterValue, 'Draw a picture anew, as a whole or in part')
            [CompletionResult]::new('replay', 'replay', [CompletionResultType]::ParameterValue, 'Draw a picture again from the recipe inside it and compare the pixels')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Draw for a web page and for other programs, over HTTP')
            [CompletionResult]::new('info', 'info', [CompletionResultType]::ParameterValue, 'Say what a model is')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Look at the machine, its devices and a model: what works, how fast, and what does not and why')
            [CompletionResult]::new('evaluate', 'evaluate', [CompletionResultType]::ParameterValue, 'Measure how good images are: FID and its relatives, copies, captions')
            [CompletionResult]::new('sweep', 'sweep', [CompletionResultType]::ParameterValue, 'Find the sampler settings that draw best for how many network calls')
            [CompletionResult]::new('evaluate-captions', 'evaluate-captions', [CompletionResultType]::ParameterValue, 'The older name of `infer evaluate captions`')
            [CompletionResult]::new('generate', 'generate', [CompletionResultType]::ParameterValue, 'Draw a public benchmark''s prompts in the layout that its evaluator reads')
            [CompletionResult]::new('convert', 'convert', [CompletionResultType]::ParameterValue, 'Write weights anew: as safetensors, in another number format, in one file or several')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Make one model of a model and low-rank adapters')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'infer;help;sample' {
            break
        }
        'infer;help;edit' {
            break
        }
        'infer;help;replay' {
            break
        }
        'infer;help;serve' {
            break
        }
        'infer;help;info' {
            break
        }
        'infer;help;doctor' {
            break
        }
        'infer;help;evaluate' {
            [CompletionResult]::new('images', 'images', [CompletionResultType]::ParameterValue, 'Compare images with real ones: FD or FID, KID, precision, recall, and whether they are copies')
            [CompletionResult]::new('model', 'model', [CompletionResultType]::ParameterValue, 'Draw images with a model and compare them with real ones; none is written')
            [CompletionResult]::new('reference', 'reference', [CompletionResultType]::ParameterValue, 'Write the statistics of real images, which stand for them in other measurements')
            [CompletionResult]::new('compare', 'compare', [CompletionResultType]::ParameterValue, 'Say which differences of two results are more than chance')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Add up what --partial wrote to statistics, a side of `infer evaluate images`')
            [CompletionResult]::new('captions', 'captions', [CompletionResultType]::ParameterValue, 'Measure how well drawn images follow their captions')
            break
        }
        'infer;help;evaluate;images' {
            break
        }
        'infer;help;evaluate;model' {
            break
        }
        'infer;help;evaluate;reference' {
            break
        }
        'infer;help;evaluate;compare' {
            break
        }
        'infer;help;evaluate;merge' {
            break
        }
        'infer;help;evaluate;captions' {
            break
        }
        'infer;help;sweep' {
            break
        }
        'infer;help;evaluate-captions' {
            break
        }
        'infer;help;generate' {
            break
        }
        'infer;help;convert' {
            break
        }
        'infer;help;merge' {
            break
        }
        'infer;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
